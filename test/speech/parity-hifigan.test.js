// HiFi-GAN's sound of latents and a voice is what tortoise-tts' own class gave; for 2 codes too, whose frames torch copies instead of
// stretching them, and for 147, which make 640 frames exactly.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'sounds')
