// The browser's storage; null where the browser blocks it, as it may in another site's frame.
const storage = (name) => {
  try {
    return window[name];
  } catch {
    return null;
  }
};
