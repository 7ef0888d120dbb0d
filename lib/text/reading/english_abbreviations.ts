/** English abbreviations with a point, and how each is said. */

/** Said in full wherever they stand with a point; the point goes. */
export const ANYWHERE: Readonly<Record<string, string>> = {
  ...{ mrs: 'misess', mr: 'mister', ms: 'miz', messrs: 'messieurs', sgt: 'sergeant', cpl: 'corporal' },
  ...{
    capt: 'captain',
    maj: 'major',
    lt: 'lieutenant',
    cmdr: 'commander',
    drs: 'doctors',
    prof: 'professor',
  },
  ...{
    approx: 'approximately',
    vs: 'versus',
    cf: 'compare',
    viz: 'namely',
    tel: 'telephone',
    dept: 'department',
  },
  ...{
    univ: 'university',
    govt: 'government',
    assn: 'association',
    misc: 'miscellaneous',
    incl: 'including',
  },
}
/** The same, but the point stays where a sentence ends. */
export const ENDING: Readonly<Record<string, string>> = {
  ...{ etc: 'et cetera', jr: 'junior', sr: 'senior', esq: 'esquire', ltd: 'limited', corp: 'corporation' },
  ...{ inc: 'incorporated', bros: 'brothers', blvd: 'boulevard', hwy: 'highway', 'et al': 'et al' },
}
/** Before a name. These are words too, so they are only read so with a capital and before one. */
export const TITLES: Readonly<Record<string, string>> = {
  ...{ Gen: 'general', Col: 'colonel', Rev: 'reverend', Hon: 'honorable', Sen: 'senator', Gov: 'governor' },
  ...{
    Rep: 'representative',
    Pres: 'president',
    Supt: 'superintendent',
    Fr: 'father',
    Ft: 'fort',
    Mt: 'mount',
  },
}
/** After the name of a street. */
export const STREETS: Readonly<Record<string, string>> = {
  ...{
    St: 'street',
    Dr: 'drive',
    Ave: 'avenue',
    Rd: 'road',
    Ln: 'lane',
    Ct: 'court',
    Pl: 'place',
    Sq: 'square',
  },
}
/** Before a number. */
export const NUMBERED: Readonly<Record<string, string>> = {
  ...{
    no: 'number',
    nos: 'numbers',
    nr: 'number',
    fig: 'figure',
    figs: 'figures',
    vol: 'volume',
    vols: 'volumes',
  },
  ...{ p: 'page', pp: 'pages', pg: 'page', ch: 'chapter', sec: 'section', eq: 'equation', ext: 'extension' },
  ...{
    apt: 'apartment',
    art: 'article',
    ca: 'circa',
    ver: 'version',
    rev: 'revision',
    ed: 'edition',
    est: 'established',
  },
  ...{ max: 'maximum', min: 'minimum', avg: 'average', temp: 'temperature' },
}
/** With points inside. */
export const DOTTED: Readonly<Record<string, string>> = {
  ...{ 'e.g.': 'for example', 'i.e.': 'that is', 'a.k.a.': 'also known as', 'ph.d.': 'p h d' },
}

/** A capital here ends the sentence before: no name begins so. */
export const STARTERS =
  '(?:The|A|An|It|He|She|We|They|I|You|But|And|This|That|There|These|Those|In|On|At|If|When|Then|So|Now|As|My|His|Her|Our|' +
  'What|Who|Why|How|Where|Is|Are|Was|Do|Did|No|Yes|For|To|Not|All|One|Every|Some|Its|Her|Or|Let|After|Before)\\b'
