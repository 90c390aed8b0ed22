/** One Set-Cookie line: `raw` as sent, `value` decoded, attributes by lower-case name (`true` for flags). */
export function parseSetCookie(line) {
  const [pair, ...rest] = line.split(';').map((part) => part.trim());
  const cut = pair.indexOf('=');
  const attributes = Object.fromEntries(
    rest.map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [part.toLowerCase(), true] : [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
    }),
  );
  const raw = pair.slice(cut + 1);
  const maxAge = attributes['max-age'] === undefined ? undefined : Number(attributes['max-age']);
  const past = attributes.expires !== undefined && Date.parse(attributes.expires) <= Date.now();
  return { name: pair.slice(0, cut), raw, value: decode(raw), attributes, maxAge, expired: maxAge === 0 || past };
}

function decode(raw) {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}
