// The mails in a server's outbox file, one JSON object per line:
// `{ type, to, subject, url, token, text, at }`, with `null` for what a mail without a link lacks.
import { readFileSync } from 'node:fs';
import { until } from './poll.mjs';

export class Outbox {
  /** `noticed` is called with every mail read, to register its token as a secret. */
  constructor(path, noticed = () => {}) {
    this.path = path;
    this.noticed = noticed;
  }

  /**
   * The mails so far of this type and to this address (either may be left out), oldest first.
   *
   * To show that a mail was *not* sent, wait for `server.mailQueueIsEmpty()` first.
   */
  mails({ type, to } = {}) {
    const address = to?.toLowerCase();
    return this.read().filter(
      (mail) => (type === undefined || mail.type === type) && (!to || mail.to.toLowerCase() === address),
    );
  }

  /** Waits until there are `count` such mails and returns the newest. */
  async mail({ type, to } = {}, { count = 1, ...waiting } = {}) {
    const what = `mail ${count} of type ${type ?? 'any'} to ${to ?? 'anybody'}`;
    const found = await until(
      what,
      () => {
        const mails = this.mails({ type, to });
        if (mails.length >= count) return mails;
        const others = this.read().map((mail) => `${mail.type} to ${mail.to}`);
        throw new Error(`there are ${mails.length}; the outbox holds: ${others.join(', ') || 'nothing'}`);
      },
      waiting,
    );
    return found.at(-1);
  }

  /** All complete lines; text after the last line break is still being written. */
  read() {
    const text = this.text();
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean);
    const mails = lines.map((line) => JSON.parse(line));
    mails.forEach((mail) => this.noticed(mail));
    return mails;
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
