// Makes sessions older in the database, since no test may wait for days.

const COLUMNS = ['created_at', 'renewed_at', 'expires_at', 'ends_at'];

/** Moves the one session that this token names into the past; answers whether the server has it. */
export async function ageSession(server, token, seconds) {
  const changes = COLUMNS.map((column) => `${column} = ${column} - $1`);
  const statement = `update bookplate_sessions set ${changes.join(', ')} where id = $2 returning id`;
  const rows = await server.query(statement, [Math.round(seconds * 1000), sessionId(token)]);
  return rows.length === 1;
}

/** A token begins with the session's id, a UUID without its hyphens. */
function sessionId(token) {
  return token.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
