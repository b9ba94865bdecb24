// npm run build: a clean build into dist/.
import { rebuild } from './ensure-ready.mjs';

await rebuild();
