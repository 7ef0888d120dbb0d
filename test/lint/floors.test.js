// The floor check of `npm run lint` sees each kind of import that docs/architecture.md forbids, and nothing in a sound tree.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const script = fileURLToPath(new URL('../../scripts/lint/floors.mjs', import.meta.url))

/** A tree in which every import is allowed. */
const sound = {
  'packages/server/src/routes/score.ts':
    "import { Clvp } from 'node-clvp'\nimport { Jobs } from '../jobs.js'\nimport { createServer } from 'node:http'\n",
  'packages/server/src/jobs.ts': '',
  'packages/server/dist/jobs.d.ts': "import { Gate } from '../../../lib/session/gate.js'\n",
  'lib/index.ts': "export { Clvp } from './clvp/clvp.js'\n",
  'lib/cli/main.ts': "import { rank } from './commands/rank.js'\n",
  'lib/cli/commands/rank.ts':
    "import { table } from '../table.js'\nimport { Clvp } from '../../clvp/clvp.js'\n",
  'lib/cli/table.ts': '',
  'lib/clvp/clvp.ts':
    "import type { Session } from '../session/session.js'\nimport { fail } from '../base/errors.js'\n",
  'lib/session/session.ts': "/* fetch() is for lib/hub */ import { load } from '../addon/addon.js'\n",
  'lib/addon/addon.ts': "import 'node:path'\nrequire('./clvp.node')\n",
  'lib/hub/request.ts': "import { request } from 'node:https'\nawait fetch(url)\n",
  'lib/base/errors.ts': "import { a } from './check.js'\n",
  'lib/base/check.ts': '',
  'quantize/convert.ts':
    "import { folder } from './checkpoint/folder.js'\nimport { path } from '../lib/base/check.js'\n",
  'quantize/checkpoint/folder.ts': "import { file } from '../formats/file.js'\n",
  'quantize/formats/file.ts': '',
  'native/include/clvp.h': '#include "clvp/types.h"\n',
  'native/include/clvp/types.h': '#include <vector>\n',
  'native/src/api/session.cpp': '#include "clvp.h"\n\n#include "model/weights.h"\n',
  'native/src/model/weights.h': '#include "ggml.h"\n#include "base/error.h"\n',
  'native/src/base/error.h': '#include "clvp/types.h"\n',
  'native/binding/convert.h': '#include "clvp.h"\n\n#include <napi.h>\n',
  'native/binding/convert.cpp': '#include "convert.h"\n',
}

/** Each adds one line to the tree, and what must be said of it. */
const wrong = [
  [
    'packages/server/src/jobs.ts',
    "import { Gate } from '../../../lib/session/gate.js'",
    /jobs\.ts uses the inside of node-clvp/,
  ],
  [
    'lib/base/errors.ts',
    "import type { Clvp } from '../clvp/clvp.js'",
    /lib\/base, floor 1\) imports lib\/clvp\/clvp\.ts/,
  ],
  [
    'lib/session/session.ts',
    "export * from '../clvp/clvp.js'",
    /lib\/session, floor 4\) imports .*floor 7\.5/,
  ],
  [
    'lib/session/session.ts',
    "const { Clvp } = await import('../clvp/clvp.js')",
    /imports lib\/clvp\/clvp\.ts/,
  ],
  [
    'lib/session/session.ts',
    "import { convert } from '../../quantize/convert.js'",
    /imports quantize\/convert\.ts/,
  ],
  [
    'lib/addon/addon.ts',
    "import { request } from '../hub/request.js'",
    /lib\/addon, floor 2\) imports .*lib\/hub/,
  ],
  [
    'quantize/formats/file.ts',
    "import { folder } from '../checkpoint/folder.js'",
    /imports quantize\/checkpoint/,
  ],
  ['quantize/convert.ts', "import { Session } from '../lib/session/session.js'", /imports lib\/session/],
  ['lib/clvp/clvp.ts', "import { main } from '../cli/main.js'", /floor 7\.5\) imports .*floor 8/],
  ['lib/session/session.ts', "import { connect } from 'node:net'", /session\.ts uses sockets/],
  ['quantize/convert.ts', "import * as http from 'node:http'", /convert\.ts uses sockets/],
  ['lib/clvp/clvp.ts', 'const answer = await fetch(url)', /clvp\.ts uses sockets/],
  ['lib/clvp/clvp.ts', "require('../../build/Release/clvp.node')", /clvp\.ts uses the native addon/],
  ['lib/clvp/clvp.ts', 'process.dlopen(module, path)', /clvp\.ts uses the native addon/],
  [
    'native/src/base/error.h',
    '#include "model/weights.h"',
    /native\/src\/base, floor 1\) imports native\/src\/model/,
  ],
  [
    'native/src/model/weights.h',
    '#include "clvp.h"',
    /native\/src\/model, floor 5\) imports native\/include\/clvp\.h/,
  ],
  ['native/src/base/error.h', '#include "ggml.h"', /error\.h uses GGML/],
  ['native/binding/convert.h', '#  include <ggml-backend.h>', /convert\.h uses GGML/],
  [
    'native/binding/convert.cpp',
    '#include "model/weights.h"',
    /convert\.cpp uses the core beside its public header/,
  ],
  ['native/src/api/session.cpp', '#include <napi.h>', /session\.cpp uses Node-API/],
  ['lib/helpers.ts', '', /lib\/helpers\.ts stands in no room/],
  ['native/src/cellar/wine.cpp', '', /native\/src\/cellar\/wine\.cpp stands in no room/],
]

function check(t, files) {
  const root = t.testdir()
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
  return { status, lines: stderr.split('\n').filter(Boolean) }
}

t.test('a sound tree passes', async (t) => {
  t.same(check(t, sound), { status: 0, lines: [] })
})

for (const [file, line, said] of wrong) {
  t.test(`${file}: ${line || 'a file outside of the rooms'}`, async (t) => {
    const { status, lines } = check(t, { ...sound, [file]: `${sound[file] ?? ''}${line}\n` })
    t.equal(status, 1)
    t.equal(lines.length, 1)
    t.match(lines[0], said)
  })
}
