// Every page in every state worth looking at: for the accessibility check, the layout check and the screenshots.
import { newReader } from '../harness/readers.mjs';
import { Visitor } from '../harness/visitor.mjs';
import {
  PLACES,
  WORDS,
  button,
  enrol,
  fill,
  join,
  letterOf,
  notice,
  resetLink,
  rows,
  send,
  sendInVain,
  told,
  turns,
  unfold,
} from './site.mjs';
import { converse, dialogue, richAnswer } from './talk.mjs';

const longReader = () => {
  const reader = newReader({ name: `Wolfeschlegelsteinhausenbergerdorff-${'Featherstonehaugh'.repeat(5)}` });
  return {
    ...reader,
    email: `${'long.local.part.'.repeat(3)}${reader.email.split('.')[1].slice(0, 12)}@${'subdomain.'.repeat(6)}readers.example.com`,
  };
};

/** Each state opens itself: `open(page, server)`. */
export const STATES = [
  { name: 'home signed out', open: (page) => page.goto('/') },
  { name: 'sign-in', open: (page) => page.goto(PLACES.signIn) },
  { name: 'sign-in on the way to the account', open: (page) => page.goto(PLACES.account) },
  {
    name: 'sign-in with a wrong password',
    open: async (page, server) => {
      const reader = newReader();
      await enrol(server, reader);
      await page.goto(PLACES.signIn);
      await fill(page, { email: reader.email, password: 'Not-the-password-1' });
      await sendInVain(page, WORDS.signIn);
    },
  },
  {
    name: 'sign-in with nothing filled in',
    open: async (page) => {
      await page.goto(PLACES.signIn);
      await sendInVain(page, WORDS.signIn);
    },
  },
  { name: 'sign-up', open: (page) => page.goto(PLACES.signUp) },
  {
    name: 'sign-up of another role',
    open: async (page) => {
      await page.goto(PLACES.signUp);
      await fill(page, { professionalRole: 'other' });
    },
  },
  {
    name: 'sign-up with nothing filled in',
    open: async (page) => {
      await page.goto(PLACES.signUp);
      await sendInVain(page, WORDS.createAccount);
    },
  },
  {
    name: 'sign-up with a weak password',
    open: async (page) => {
      await page.goto(PLACES.signUp);
      await fill(page, newReader({ password: 'weak' }));
      await sendInVain(page, WORDS.createAccount);
    },
  },
  {
    name: 'sign-up with a taken address',
    open: async (page, server) => {
      const reader = newReader();
      await enrol(server, reader);
      await page.goto(PLACES.signUp);
      await fill(page, reader);
      await sendInVain(page, WORDS.createAccount);
    },
  },
  { name: 'home signed in', open: signedInAt('/') },
  { name: 'account', open: signedInAt(PLACES.account) },
  { name: 'account of a long name', open: signedInAt(PLACES.account, longReader) },
  { name: 'home of a long name', open: signedInAt('/', longReader) },
  {
    name: 'account saved',
    open: async (page, server) => {
      await signedInAt(PLACES.account)(page, server);
      await fill(page, { name: 'Ada Lovelace', experienceLevel: 'advanced' });
      await send(page, WORDS.save);
      await notice(page).waitFor();
    },
  },
  {
    name: 'account with an answer that is too long',
    open: async (page, server) => {
      await signedInAt(PLACES.account)(page, server);
      await fill(page, { organization: 'Shelf & Sons '.repeat(400) });
      await sendInVain(page, WORDS.save);
    },
  },
  { name: 'sign-out', open: signedInAt('/sign-out') },
  { name: 'not found', open: (page) => page.goto('/no-such-page') },
  { name: 'reset-password', open: atResetLink },
  {
    name: 'reset-password with a common password',
    open: async (page, server) => {
      await atResetLink(page, server);
      await fill(page, { newPassword: 'password123' });
      await sendInVain(page, WORDS.setPassword);
    },
  },
  { name: 'security', open: signedInAt(PLACES.security) },
  {
    name: 'security with a wrong password',
    open: async (page, server) => {
      await signedInAt(PLACES.security)(page, server);
      await fill(page, { currentPassword: 'Not-the-password-1', newPassword: newReader().password });
      await sendInVain(page, WORDS.changePassword);
    },
  },
  { name: 'data', open: signedInAt(PLACES.data) },
  {
    name: 'data with a wrong password',
    open: async (page, server) => {
      await signedInAt(PLACES.data)(page, server);
      await fill(page, { password: 'Not-the-password-1' });
      await sendInVain(page, WORDS.deleteForGood);
    },
  },
  { name: 'conversations of nobody yet', open: signedInAt(PLACES.conversations) },
  {
    name: 'conversations',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(PLACES.conversations);
    },
  },
  {
    name: 'conversations with one unfolded',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(PLACES.conversations);
      await unfold(rows(page).first());
    },
  },
  {
    name: 'conversations searched',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(`${PLACES.conversations}?q=light+sens`);
      await rows(page).first().waitFor();
    },
  },
  {
    name: 'conversations searched in vain',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(`${PLACES.conversations}?q=${'Wolfeschlegelsteinhausenbergerdorff'.repeat(3)}`);
    },
  },
  {
    name: 'conversations archived',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(PLACES.conversations);
      await unfold(rows(page).first());
      await rows(page).first().getByRole('button', { name: WORDS.archive, exact: true }).click();
      await told(page).waitFor();
    },
  },
  {
    name: 'conversations deleted',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(PLACES.conversations);
      await unfold(rows(page).first());
      await rows(page).first().getByRole('button', { name: WORDS.remove, exact: true }).click();
      await told(page).waitFor();
    },
  },
  {
    name: 'conversation',
    open: async (page, server) => {
      await join(page, server, newReader());
      const messages = [
        { id: 'system', role: 'system', content: 'You help readers of a book about robots.' },
        { id: 'q1', role: 'user', content: 'How far does a *lidar* see, and how do I read one in Python?' },
        { ...richAnswer, id: 'earlier', parentId: 'q1', status: 'incomplete' },
        { ...richAnswer, parentId: 'q1' },
        { id: 'q2', role: 'user', content: `And https://${'subdomain.'.repeat(12)}example.com/?` },
        { id: 'failed', role: 'assistant', content: 'I would', status: 'error' },
      ];
      const id = await converse(page, server, { title: 'How far sensors see', messages });
      await page.goto(`${PLACES.conversations}/${id}`);
    },
  },
  {
    name: 'conversation on another branch',
    open: async (page, server) => {
      await join(page, server, newReader());
      const messages = [
        { id: 'q1', role: 'user', content: 'What is odometry?' },
        { id: 'a1', role: 'assistant', content: 'Counting turns of a wheel.' },
        { id: 'a2', role: 'assistant', content: 'Knowing where you are from how you moved.', parentId: 'q1' },
      ];
      const id = await converse(page, server, { messages });
      await page.goto(`${PLACES.conversations}/${id}?branch=a1#m-a1`);
    },
  },
  {
    name: 'conversation that is long',
    open: async (page, server) => {
      await join(page, server, newReader());
      const id = await converse(page, server, { messages: dialogue(90) });
      await page.goto(`${PLACES.conversations}/${id}?message=m40#m-m40`);
    },
  },
  {
    name: 'conversation that is being written',
    open: async (page, server) => {
      await join(page, server, newReader());
      const messages = [
        { id: 'q', role: 'user', content: 'Explain PID control.' },
        { id: 'a', role: 'assistant', content: 'A PID controller adds three', status: 'in_progress' },
      ];
      const id = await converse(page, server, { messages });
      await page.goto(`${PLACES.conversations}/${id}`);
      await turns(page).nth(1).waitFor();
    },
  },
];

/** More of them, whose markup is the same with scripts and without. */
export const PLAIN_STATES = [
  { name: 'api docs', open: (page) => page.goto(PLACES.apiDocs) },
  {
    name: 'api docs unfolded',
    open: async (page) => {
      await page.goto(PLACES.apiDocs);
      await page.locator('main').evaluate((main) => {
        for (const id of ['appendMessages', 'streamEvents', 'signUpEmail', 'schema-NewMessage', 'schema-KnownPart'])
          main.querySelector(`[id="${id}"]`).closest('details').open = true;
      });
    },
  },
  { name: 'sign-in after a reset', open: (page) => page.goto(`${PLACES.signIn}?reset`) },
  { name: 'forgot-password', open: (page) => page.goto(PLACES.forgotPassword) },
  {
    name: 'forgot-password without an address',
    open: async (page) => {
      await page.goto(PLACES.forgotPassword);
      await sendInVain(page, WORDS.sendLink);
    },
  },
  { name: 'forgot-password sent', open: (page) => page.goto(`${PLACES.forgotPassword}?sent`) },
  { name: 'reset-password with a dead link', open: (page) => page.goto(`${PLACES.resetPassword}?token=made-up`) },
  { name: 'verify-email', open: (page) => page.goto(PLACES.verifyEmail) },
  { name: 'verify-email of a reader', open: signedInAt(PLACES.verifyEmail) },
  {
    name: 'verify-email with a link that does nothing',
    open: (page) => page.goto(`${PLACES.verifyEmail}?token=made-up`),
  },
  {
    name: 'verify-email with a link',
    open: async (page, server) => {
      const reader = longReader();
      await join(page, server, reader);
      await page.goto(atPage(await server.outbox.letter({ type: 'verify-email', to: reader.email })));
      await button(page, WORDS.confirm).waitFor();
    },
  },
  {
    name: 'verify-email with a link that moves an account',
    open: async (page, server) => {
      await movingAccount(page, server);
      await button(page, WORDS.confirmMove).waitFor();
    },
  },
  {
    name: 'verify-email with a link to the new address',
    open: async (page, server) => {
      const { email } = await movingAccount(page, server);
      const { url } = await letterOf(server, 'verify-email', { email }, () => send(page, WORDS.confirmMove));
      await page.goto(url);
      await button(page, WORDS.confirmNew).waitFor();
    },
  },
  { name: 'verify-email after a sign-up', open: (page) => page.goto(`${PLACES.verifyEmail}?signed-up`) },
  { name: 'verify-email sent', open: (page) => page.goto(`${PLACES.verifyEmail}?sent`) },
  { name: 'verify-email confirmed', open: (page) => page.goto(`${PLACES.verifyEmail}?confirmed`) },
  {
    name: 'verify-email after the first step of a change',
    open: signedInAt(`${PLACES.verifyEmail}?change`, longReader),
  },
  { name: 'verify-email after a change', open: signedInAt(`${PLACES.verifyEmail}?changed`, longReader) },
  { name: 'verify-email with a dead link', open: signedInAt(`${PLACES.verifyEmail}?error=TOKEN_EXPIRED`) },
  {
    name: 'security with a change asked for',
    open: async (page, server) => {
      await signedInAt(PLACES.security, longReader)(page, server);
      await fill(page, { newEmail: newReader().email });
      await send(page, WORDS.changeAddress);
      await told(page).waitFor();
    },
  },
  {
    name: 'security with an address that is none',
    open: async (page, server) => {
      await signedInAt(PLACES.security)(page, server);
      await fill(page, { newEmail: 'ada@' });
      await sendInVain(page, WORDS.changeAddress);
    },
  },
  { name: 'conversation of nobody', open: signedInAt(`${PLACES.conversations}/made-up`) },
  { name: 'sessions', open: signedInAt(PLACES.sessions) },
  {
    name: 'sessions elsewhere',
    open: async (page, server) => {
      const reader = newReader();
      await join(page, server, reader);
      for (const agent of AGENTS) await signInWith(server, reader, agent);
      await page.goto(PLACES.sessions);
    },
  },
  {
    name: 'sessions ended',
    open: async (page, server) => {
      const reader = newReader();
      await join(page, server, reader);
      await signInWith(server, reader, AGENTS[0]);
      await page.goto(PLACES.sessions);
      await button(page, WORDS.endOthers).click();
      await told(page).waitFor();
    },
  },
  { name: 'home after a deletion', open: (page) => page.goto('/?deleted') },
  {
    name: 'outbox',
    open: async (page, server) => {
      const reader = newReader();
      await enrol(server, reader);
      await resetLink(server, reader);
      await page.goto(PLACES.outbox);
    },
  },
];

/** A reader with many conversations, one of them with a name that breaks nowhere. */
async function withConversations(page, server) {
  await join(page, server, newReader());
  for (let number = 1; number <= 22; number += 1) {
    await converse(page, server, { title: number % 3 ? undefined : `Chapter ${number}: sensors`, messages: dialogue(4) });
  }
  const messages = [['user', 'x'.repeat(300)]];
  await converse(page, server, { title: 'Featherstonehaugh'.repeat(8), messages });
  await converse(page, server, { title: 'How far sensors see', messages: [...dialogue(2), richAnswer] });
  await converse(page, server, { messages: [['user', 'ما هو الروبوت؟']] });
}

/** A phone, a tablet, and one that says a lot about itself. */
const AGENTS = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
  `Reader/1.0 (${'unbroken'.repeat(30)})`,
];

/** A link of a letter behind a page that asks before it does anything. */
const atPage = ({ token }) => `${PLACES.verifyEmail}?token=${token}`;

/** A reader who has proved the address, asked for a long one, and opened the link of the first step. */
async function movingAccount(page, server) {
  const [reader, { email }] = [newReader(), longReader()];
  await join(page, server, reader);
  await page.goto((await server.outbox.letter({ type: 'verify-email', to: reader.email })).url);
  await page.goto(PLACES.security);
  await fill(page, { newEmail: email });
  const { url } = await letterOf(server, 'change-email', reader, () => send(page, WORDS.changeAddress));
  await page.goto(url);
  return { email };
}

async function signInWith(server, { email, password }, agent) {
  const headers = { 'user-agent': agent };
  await new Visitor(server).api('POST', '/sign-in/email', { json: { email, password }, headers });
}

async function atResetLink(page, server) {
  const reader = newReader();
  await enrol(server, reader);
  await page.goto(await resetLink(server, reader));
}

function signedInAt(path, reader = newReader) {
  return async (page, server) => {
    await join(page, server, reader());
    await page.goto(path);
  };
}
