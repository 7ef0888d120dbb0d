/** The page: a text and a voice become candidates, which are ranked, heard, compared and kept. */
import { Api } from './api.js'
import { Comparison } from './comparison.js'
import { complain, find, tell } from './element.js'
import { Part } from './part.js'
import { Player } from './player.js'
import { joined, wavOf } from './sound.js'
import { Voices } from './voices.js'

const api = new Api(askForKey)
const voices = new Voices(api)
const player = new Player()
const comparison = new Comparison()
let models = []
let limits = { max_text: 4096 }
let parts = []
/** Ends the work that is being done. */
let stop

function askForKey() {
  const dialog = find('ask')
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(find('key-text').value.trim()), { once: true })
  })
}

const model = () => models.find(({ id }) => id === find('model').value)

/** The fields that each request has. */
function common() {
  return { model: find('model').value, voice: voices.chosen }
}

async function start() {
  models = (await api.get('/v1/models')).data
  find('model').replaceChildren(...models.map(({ id }) => new Option(id, id)))
  limits = await api.get('/v1/info')
  const range = find('candidates')
  range.max = Math.min(64, limits.max_candidates)
  range.value = Math.min(8, limits.max_candidates)
  await voices.load()
  find('key').hidden = !api.hasKey
  showModel()
  showNumbers()
  find('speak').disabled = false
}

function showModel() {
  const { speaks, previews } = model().clvp
  const note = find('note')
  note.hidden = speaks
  note.textContent = previews
    ? 'This model has no stages of speech: you hear rough previews of its codes, metallic but understandable.'
    : 'This model has no stages of speech: candidates are drawn and ranked, but not heard.'
}

function showNumbers() {
  const count = [...find('text').value].length
  find('count').textContent =
    `${count.toLocaleString('en')} of ${limits.max_text.toLocaleString('en')} characters`
  for (const id of ['candidates', 'temperature']) find(`${id}-shown`).textContent = find(id).value
}

async function speak() {
  complain()
  player.stop()
  comparison.close()
  for (const { candidates = [] } of parts) for (const { url } of candidates) if (url) URL.revokeObjectURL(url)
  parts = []
  find('parts').replaceChildren()
  find('whole').hidden = true
  find('empty').hidden = true
  working(true)
  const { signal } = stop
  try {
    const input = find('text').value
    const split = await api.post('/v1/parts', { model: find('model').value, input }, signal)
    const options = readOptions()
    for (const [i, { text }] of split.parts.entries()) {
      tell(split.parts.length > 1 ? `Drawing part ${i + 1} of ${split.parts.length}` : 'Drawing candidates')
      await drawPart(
        text,
        { ...options, ...(options.seed !== undefined && { seed: options.seed + i }) },
        signal,
      )
    }
    tell('Ready.')
  } catch (error) {
    if (signal.aborted) tell('Stopped.')
    else {
      tell('')
      complain(error)
    }
  } finally {
    working(false)
  }
}

function readOptions() {
  const seed = find('seed').value.trim()
  return {
    candidates: Number(find('candidates').value),
    temperature: Number(find('temperature').value),
    ...(seed !== '' && { seed: Number(seed) }),
  }
}

async function drawPart(text, options, signal) {
  const request = { ...common(), input: text }
  const part = new Part(text, {
    player,
    sounds: (candidate) => fetchSound(request, candidate),
    onChoose: () => showWhole().catch(complain),
    onCompare: (of, candidate, name) => compare(of, candidate, name).catch(complain),
  })
  parts.push(part)
  find('parts').append(part.root)
  part.progress(options.candidates, [])
  for await (const event of api.events(
    '/v1/candidates',
    { ...request, ...options, mel: true, stream: true },
    signal,
  )) {
    if (event.type === 'candidates.progress') part.progress(options.candidates, event.codes)
    if (event.type === 'candidates.done') part.ranked(event)
  }
  if (canBeHeard()) await showWhole()
}

const canBeHeard = () => model().clvp.speaks || model().clvp.previews

async function fetchSound(request, { index, seed, finish_reason, codes, drawn_codes }) {
  const candidate = { index, seed, finish_reason, codes, drawn_codes }
  try {
    const answer = await api.send('/v1/candidates/sound', {
      json: { ...request, candidate, response_format: 'wav' },
    })
    return await answer.blob()
  } catch (error) {
    complain(error)
    throw error
  }
}

/** Joins the chosen candidates of all parts. */
async function showWhole() {
  const chosen = []
  for (const part of parts) if (part.chosen) chosen.push(await part.sound(part.chosen))
  const blob = wavOf(joined(chosen.map(({ samples }) => samples)))
  const sound = find('whole-sound')
  if (sound.src) URL.revokeObjectURL(sound.src)
  sound.src = URL.createObjectURL(blob)
  find('download').href = sound.src
  find('whole').hidden = false
}

async function compare(part, candidate, name) {
  const { url } = await part.sound(candidate)
  const which = parts.length > 1 ? `${name} of part ${parts.indexOf(part) + 1}` : name
  player.stop()
  comparison.add(url, which)
}

function working(isWorking) {
  if (isWorking) stop = new AbortController()
  find('speak').disabled = isWorking
  find('stop').hidden = !isWorking
  find('results').setAttribute('aria-busy', String(isWorking))
}

find('compose').addEventListener('submit', (event) => {
  event.preventDefault()
  if (!find('speak').disabled) speak()
})
find('compose').addEventListener('input', showNumbers)
find('stop').addEventListener('click', () => stop.abort())
find('model').addEventListener('change', showModel)
find('key').addEventListener('click', () => api.askForKey().then(start).catch(complain))
start().catch(complain)
