import { decoratorClaims } from './claims.js'

// Run by task-method.test.ts with the tsconfig.json of this folder.
decoratorClaims('legacy')
