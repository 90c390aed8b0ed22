// The mails in a server's outbox file, one JSON object per line:
// `{ type, to, subject, url, token, text, at }`, with `null` for what a letter without a link lacks.
import { readFileSync } from 'node:fs';
import { until } from './poll.mjs';

export class Outbox {
  /** `noticed` is called with every mail read, to register its token as a secret. */
  constructor(path, noticed = () => {}) {
    this.path = path;
    this.noticed = noticed;
  }

  /**
   * The letters so far of this type and to this address (either may be left out), oldest first.
   *
   * To show that a mail was *not* sent, wait for `server.mailHasPassed()` first.
   */
  letters({ type, to } = {}) {
    const address = to?.toLowerCase();
    return this.read().filter(
      (letter) => (type === undefined || letter.type === type) && (!to || letter.to.toLowerCase() === address),
    );
  }

  /** Waits until there are `count` such mails and returns the newest. */
  async letter({ type, to } = {}, { count = 1, ...waiting } = {}) {
    const what = `letter ${count} of type ${type ?? 'any'} to ${to ?? 'anybody'}`;
    const found = await until(
      what,
      () => {
        const letters = this.letters({ type, to });
        if (letters.length >= count) return letters;
        const others = this.read().map((letter) => `${letter.type} to ${letter.to}`);
        throw new Error(`there are ${letters.length}; the outbox holds: ${others.join(', ') || 'nothing'}`);
      },
      waiting,
    );
    return found.at(-1);
  }

  /** All complete lines; text after the last line break is still being written. */
  read() {
    const text = this.text();
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean);
    const letters = lines.map((line) => JSON.parse(line));
    letters.forEach((letter) => this.noticed(letter));
    return letters;
  }

  text() {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error.code === 'ENOENT') return '';
      throw error;
    }
  }
}
