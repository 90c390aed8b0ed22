// Every page in every state whose markup is the same with scripts and without.
import { testStates } from './layout.mjs';
import { PLAIN_STATES } from './states.mjs';

testStates(PLAIN_STATES);
