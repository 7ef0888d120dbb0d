/** Characters beyond ASCII in ASCII, as tortoise-tts writes them. */
import anyAscii from 'any-ascii'

/**
 * Where tortoise's transliteration and any-ascii differ, among Latin letters, punctuation, currencies, fractions and
 * signs. Found by running both. The rest differs in scripts other than Latin, in phonetic letters and in dingbats.
 */
const OWN: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ '¢': 'C/', '£': 'PS', '¤': '$?', '¥': 'Y=', '§': 'SS', '·': '*', '×': 'x' },
    ...{ '¼': ' 1/4', '½': ' 1/2', '¾': ' 3/4', '⅟': ' 1/', '↉': ' 0/3 ' },
    ...{ '⅐': ' 1/7 ', '⅑': ' 1/9 ', '⅒': ' 1/10 ', '⅓': ' 1/3 ', '⅔': ' 2/3 ', '⅕': ' 1/5 ', '⅖': ' 2/5 ' },
    ...{ '⅗': ' 3/5 ', '⅘': ' 4/5 ', '⅙': ' 1/6 ', '⅚': ' 5/6 ', '⅛': ' 1/8 ', '⅜': ' 3/8 ', '⅝': ' 5/8 ' },
    ...{ '⅞': ' 7/8 ' },
    ...{ ĸ: 'k', ƍ: 'd', Ǝ: '3', Ə: '@', ƕ: 'hv', Ƣ: 'OI', ƣ: 'oi', Ʀ: 'YR', Ʊ: 'Y', Ƹ: 'ZH', ƹ: 'zh' },
    ...{ ƻ: '2', ǀ: '|', ǁ: '||', ǂ: '|=', ǃ: '!', ǝ: '@', Ƕ: 'HV', Ɂ: '', ɂ: '', Ʌ: '^' },
    ...{ ẚ: 'a', ẜ: '', ẝ: '', ẟ: '', Ỻ: '', ỻ: '', Ỽ: '', ỽ: '', Ỿ: '', ỿ: '' },
    ...{ ʺ: '"', ʾ: '`', ʿ: "'", ˇ: 'V', ˊ: '/', ˋ: '\\', '˘': 'V', '˚': '@' },
    ...{ '\u200b': ' ', '\u2028': '\n', '\u2029': '\n\n', '—': '--', '―': '--', '‚': ',', '„': ',,' },
    ...{ '‣': '*>', '‧': '.', '⁃': '--', '⁅': '-[', '⁆': ']-', '⁋': 'PP', '⁌': '(]', '⁍': '[)', '⁒': '%' },
    ...{ '₠': 'ECU', '₡': 'CL', '₣': 'FF', '₥': 'mil', '₪': 'NS', '₴': 'UAH', '₵': 'C|', '₶': 'L' },
    ...{ '₺': 'L', '₼': 'm', '₽': 'R', '₾': 'l', '⃀': '', ₔ: '' },
    ...{ '℀': ' a/c ', '℁': ' a/s ', '℃': 'degC', '℅': ' c/o ', '℆': ' c/u ', '℉': 'degF', '№': 'No. ' },
    ...{ '℟': 'R/', '℠': '(sm)', '™': '(tm)', '℣': 'V/' },
    ...{ '￠': '/C', '￡': 'PS', '￥': 'Y=', '￦': 'W=', '�': '', '￼': '' },
    ...{ '、': ', ', '。': '. ', '〉': '> ', '》': '>> ', '」': '] ', '『': '{', '』': '} ', '】': ')] ' },
    ...{ '←': '-', '↑': '|', '→': '-', '↓': '|', '↔': '-', '↕': '|' },
  }),
)

/**
 * What tortoise leaves out: mathematics, technical signs, dingbats, emoji and scripts beyond the first
 * 65,536.
 */
const SILENT =
  /^(?:[\u0080-\u009f\u2050-\u205e\u2200-\u23ff\u2600-\u2767\u2776-\u27bf\u2900-\u2bff]|[\u{10000}-\u{1d3ff}\u{1d800}-\u{10ffff}])$/u

const NAMED = /^:\w+:$/

/** One character beyond ASCII, as tortoise-tts spells it; empty when it has no spelling. */
export function spellAsTortoise(character: string): string {
  const own = OWN.get(character)
  if (own !== undefined) return own
  if (SILENT.test(character)) return ''
  const spelled = anyAscii(character)
  if (NAMED.test(spelled)) return '' // any-ascii writes the name of an emoji
  // A Chinese character is a word of its own.
  return /^\p{Script=Han}$/u.test(character) ? `${spelled} ` : spelled
}
