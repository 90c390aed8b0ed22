// Makes sessions older in the database, since no test may wait for days.

const COLUMNS = { created: 'created_at', renewed: 'renewed_at', expires: 'expires_at', ends: 'ends_at' };

/** Moves every session of this server into the past; the clock stays as it is. */
export async function ageSessions(server, { days = 0, hours = 0 }) {
  const past = days * 24 + hours;
  await shiftSessions(server, { created: -past, renewed: -past, expires: -past, ends: -past });
}

/** Moves single moments of every session, in hours. */
export async function shiftSessions(server, hours) {
  const entries = Object.entries(hours).filter(([, by]) => by !== 0);
  const changes = entries.map(([moment], place) => `${COLUMNS[moment]} = ${COLUMNS[moment]} + $${place + 1}`);
  const by = entries.map(([, amount]) => Math.round(amount * 3_600_000));
  await server.query(`update bookplate_sessions set ${changes.join(', ')}`, by);
}

/** Moves the one session that this token names into the past; answers whether the server has it. */
export async function ageSession(server, token, seconds) {
  const changes = Object.values(COLUMNS).map((column) => `${column} = ${column} - $1`);
  const statement = `update bookplate_sessions set ${changes.join(', ')} where id = $2 returning id`;
  const rows = await server.query(statement, [Math.round(seconds * 1000), sessionId(token)]);
  return rows.length === 1;
}

/** A token begins with the session's id, a UUID without its hyphens. */
function sessionId(token) {
  return token.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
