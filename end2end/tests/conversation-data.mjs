// Test conversations, created over the API with the session cookie of the page's browser.
import { expect } from '@playwright/test';
import { Conversations } from '../harness/conversations.mjs';

async function writer(page, server) {
  const cookies = await page.context().cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  return new Conversations(server, { cookie, origin: server.origin });
}

function done({ status, text, json }) {
  expect([200, 201], text).toContain(status);
  return json;
}

/** Creates a conversation with these messages, each `[role, text]` or a request body. Returns its id. */
export async function createConversation(page, server, { title, messages = [] } = {}) {
  const { id } = done(await (await writer(page, server)).create(title ? { title } : {}));
  await appendMessages(page, server, id, messages);
  return id;
}

/** Appends messages in this order. */
export async function appendMessages(page, server, id, messages) {
  const whole = messages.map((one) => (Array.isArray(one) ? { role: one[0], content: one[1] } : one));
  const conversations = await writer(page, server);
  for (let at = 0; at < whole.length; at += 100) done(await conversations.append(id, whole.slice(at, at + 100)));
}

/** Renames a conversation. */
export async function renameConversation(page, server, id, title) {
  done(await (await writer(page, server)).change(id, { title }));
}

/** Alternating questions and answers, `m1` to `mN`. */
export const exchanges = (count, from = 1) =>
  Array.from({ length: count }, (_, at) => {
    const number = at + from;
    return number % 2
      ? { id: `m${number}`, role: 'user', content: `Question number ${number}: how far does a sensor see?` }
      : {
          id: `m${number}`,
          role: 'assistant',
          content: `Answer number ${number}. A time-of-flight sensor measures how long light takes to come back.\n\nIndoors that is a few metres.`,
        };
  });

/** An answer with every kind of part. */
export const richAnswer = {
  id: 'rich',
  role: 'assistant',
  model: 'tutor-2',
  parts: [
    { type: 'reasoning', text: 'The reader asks about **range**. The chapter on sensors compares three kinds.' },
    { type: 'tool-call', toolCallId: 't1', toolName: 'search_book', input: { query: 'sensor range', limit: 5 } },
    { type: 'tool-result', toolCallId: 't1', output: [{ chapter: 'Sensors', score: 0.91 }, { chapter: 'Lidar', score: 0.87 }] },
    {
      type: 'text',
      text: [
        'It depends on the kind of sensor. Ultrasound reaches **a few metres**, lidar a few hundred.',
        '## In numbers',
        '| Sensor | Range | Precision |\n|---|---:|---|\n| Ultrasound | 4 m | 1 cm |\n| Lidar | 200 m | 2 cm |\n| Time of flight | 8 m | 5 mm |',
        'You read one like this:',
        '```python\nfrom robot import Lidar\n\nwith Lidar(port="/dev/ttyUSB0") as lidar:\n    for angle, distance in lidar.scan(timeout=0.5, minimum_quality=12, maximum_distance=12_000):\n        print(f"{angle:5.1f} degrees: {distance / 1000:.2f} m")\n```',
        '> Never look into the beam of a lidar whose class you do not know.',
        '- Keep the lens clean.\n- Mount it level: one degree of tilt is 1.7 m at 100 m.\n- Mind glass and black velvet.',
      ].join('\n\n'),
      citations: [
        { sourceId: 's1', start: 0, end: 33, quote: 'The range depends on the kind of sensor.' },
        { sourceId: 's2', start: 34, end: 90 },
        { sourceId: 's1', start: 34, end: 90 },
      ],
    },
    {
      type: 'source',
      sourceId: 's1',
      kind: 'url',
      url: 'https://book.example/docs/sensors/overview#range-and-precision',
      title: 'Sensors: an overview',
    },
    { type: 'source', sourceId: 's2', kind: 'url', url: 'https://book.example/docs/sensors/lidar', title: 'Lidar' },
    { type: 'source', sourceId: 's3', kind: 'document', filename: 'datasheet-rp1.pdf', title: 'Data sheet of the RP-1' },
    { type: 'file', url: 'https://book.example/files/scan.csv', mediaType: 'text/csv', filename: 'scan.csv' },
    { type: 'data-chart', data: [1, 2, 3] },
  ],
};
