// The open result is left: neither a reload nor the address brings it back.
() => {
  sessionStorage.removeItem("emer-result");
  const address = new URL(window.location.href);
  address.searchParams.delete("shared");
  history.replaceState(history.state, "", address);
}
