// Spectrograms from given noise are those of tortoise-tts' SpacedDiffusion: both its samplers, with guidance and without, for counts of
// steps whose times are rounded up, down and to even.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'samples')
