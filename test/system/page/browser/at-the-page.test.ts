import { testAccessibility } from './accessibility.ts';
import { testEnding } from './ending.ts';
import { testLogin } from './login.ts';
import { setScene } from './scene.ts';

/* One daemon, server and browser for all that leave them as they were. */
const scene = setScene();
testEnding(scene);
testAccessibility(scene);
testLogin(scene);
