// Every page in every state worth looking at: for the accessibility check, the layout check and the screenshots.
import { newReader } from '../harness/readers.mjs';
import { PLACES, WORDS, enrol, fill, join, notice, send, sendInVain } from './site.mjs';

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
];

function signedInAt(path, reader = newReader) {
  return async (page, server) => {
    await join(page, server, reader());
    await page.goto(path);
  };
}
