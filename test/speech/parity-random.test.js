// Random voices from given noise are those of tortoise-tts' own class.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'randoms')
