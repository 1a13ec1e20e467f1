// Runs once for the header: a choice of language lasts in a cookie, and the page is loaded again with it. Where the
// browser keeps no cookie (in another site's frame), the choice stays in the address.
element.addEventListener("click", (event) => {
  const chosen = event.target.closest("a[data-language]");
  if (!chosen) return;
  event.preventDefault();
  const kept = `emer-language=${chosen.dataset.language}`;
  const framed = window.top !== window.self;
  document.cookie = `${kept}; path=/; max-age=31536000; ${framed ? "SameSite=None; Secure; Partitioned" : "SameSite=Lax"}`;
  const address = new URL(window.location.href);
  if (document.cookie.split("; ").includes(kept)) address.searchParams.delete("language");
  else address.searchParams.set("language", chosen.dataset.language);
  if (address.href === window.location.href) window.location.reload();
  else window.location.assign(address);
});
