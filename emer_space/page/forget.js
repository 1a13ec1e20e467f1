// The open result is left: neither a reload nor the address brings it back.
() => {
  try {
    sessionStorage.removeItem("emer-result");
  } catch {
    // blocked by the browser: nothing was kept
  }
  const address = new URL(window.location.href);
  address.searchParams.delete("shared");
  history.replaceState(history.state, "", address);
}
