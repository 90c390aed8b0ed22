// Every page in every state whose markup is the same with scripts and without.
import { everyStateFits } from './fits.mjs';
import { PLAIN_STATES } from './states.mjs';

everyStateFits(PLAIN_STATES);
