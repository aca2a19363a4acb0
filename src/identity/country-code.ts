/**
 * Countries as people write them → ISO 3166-1 alpha-2: codes of two and three letters, English names, each country's name in
 * its own main language, and well-known other names. Names come from the runtime's CLDR data (`Intl.DisplayNames`), so
 * a newer Node may know a name more; codes and the list here do not change with it.
 *
 * Compared folded: no case, marks, punctuation, `the`, `republic of`. A name that two countries share (after folding) is neither's.
 */
import { BoundedCache } from './bounded-cache.ts';

/** alpha-2, alpha-3. Source: ISO 3166-1; XK and XKX are of common use for Kosovo. */
const CODES =
  'AD,AND AE,ARE AF,AFG AG,ATG AI,AIA AL,ALB AM,ARM AO,AGO AQ,ATA AR,ARG AS,ASM AT,AUT AU,AUS AW,ABW AX,ALA AZ,AZE ' +
  'BA,BIH BB,BRB BD,BGD BE,BEL BF,BFA BG,BGR BH,BHR BI,BDI BJ,BEN BL,BLM BM,BMU BN,BRN BO,BOL BQ,BES BR,BRA BS,BHS ' +
  'BT,BTN BV,BVT BW,BWA BY,BLR BZ,BLZ CA,CAN CC,CCK CD,COD CF,CAF CG,COG CH,CHE CI,CIV CK,COK CL,CHL CM,CMR CN,CHN ' +
  'CO,COL CR,CRI CU,CUB CV,CPV CW,CUW CX,CXR CY,CYP CZ,CZE DE,DEU DJ,DJI DK,DNK DM,DMA DO,DOM DZ,DZA EC,ECU EE,EST ' +
  'EG,EGY EH,ESH ER,ERI ES,ESP ET,ETH FI,FIN FJ,FJI FK,FLK FM,FSM FO,FRO FR,FRA GA,GAB GB,GBR GD,GRD GE,GEO GF,GUF ' +
  'GG,GGY GH,GHA GI,GIB GL,GRL GM,GMB GN,GIN GP,GLP GQ,GNQ GR,GRC GS,SGS GT,GTM GU,GUM GW,GNB GY,GUY HK,HKG HM,HMD ' +
  'HN,HND HR,HRV HT,HTI HU,HUN ID,IDN IE,IRL IL,ISR IM,IMN IN,IND IO,IOT IQ,IRQ IR,IRN IS,ISL IT,ITA JE,JEY JM,JAM ' +
  'JO,JOR JP,JPN KE,KEN KG,KGZ KH,KHM KI,KIR KM,COM KN,KNA KP,PRK KR,KOR KW,KWT KY,CYM KZ,KAZ LA,LAO LB,LBN LC,LCA ' +
  'LI,LIE LK,LKA LR,LBR LS,LSO LT,LTU LU,LUX LV,LVA LY,LBY MA,MAR MC,MCO MD,MDA ME,MNE MF,MAF MG,MDG MH,MHL MK,MKD ' +
  'ML,MLI MM,MMR MN,MNG MO,MAC MP,MNP MQ,MTQ MR,MRT MS,MSR MT,MLT MU,MUS MV,MDV MW,MWI MX,MEX MY,MYS MZ,MOZ NA,NAM ' +
  'NC,NCL NE,NER NF,NFK NG,NGA NI,NIC NL,NLD NO,NOR NP,NPL NR,NRU NU,NIU NZ,NZL OM,OMN PA,PAN PE,PER PF,PYF PG,PNG ' +
  'PH,PHL PK,PAK PL,POL PM,SPM PN,PCN PR,PRI PS,PSE PT,PRT PW,PLW PY,PRY QA,QAT RE,REU RO,ROU RS,SRB RU,RUS RW,RWA ' +
  'SA,SAU SB,SLB SC,SYC SD,SDN SE,SWE SG,SGP SH,SHN SI,SVN SJ,SJM SK,SVK SL,SLE SM,SMR SN,SEN SO,SOM SR,SUR SS,SSD ' +
  'ST,STP SV,SLV SX,SXM SY,SYR SZ,SWZ TC,TCA TD,TCD TF,ATF TG,TGO TH,THA TJ,TJK TK,TKL TL,TLS TM,TKM TN,TUN TO,TON ' +
  'TR,TUR TT,TTO TV,TUV TW,TWN TZ,TZA UA,UKR UG,UGA UM,UMI US,USA UY,URY UZ,UZB VA,VAT VC,VCT VE,VEN VG,VGB VI,VIR ' +
  'VN,VNM VU,VUT WF,WLF WS,WSM XK,XKX YE,YEM YT,MYT ZA,ZAF ZM,ZMB ZW,ZWE';

/** What neither list of names has. UK and EL are the European Union's own codes. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  AE: 'uae,emirates',
  BA: 'bosnia',
  BO: 'plurinational state of bolivia',
  BN: 'brunei darussalam',
  CD: 'dr congo,drc,democratic republic of the congo,congo kinshasa',
  CG: 'congo brazzaville,republic of the congo',
  CH: 'suisse,svizzera,svizra',
  CI: 'ivory coast,cote d ivoire',
  CV: 'cape verde',
  CZ: 'czech republic,czechia',
  CN: 'prc,mainland china,china mainland,peoples republic of china',
  FM: 'micronesia',
  GB: 'uk,great britain,britain,england,scotland,wales,northern ireland,united kingdom of great britain and northern ireland',
  GR: 'el,hellas',
  HK: 'hong kong,hong kong sar',
  IR: 'islamic republic of iran',
  KP: 'north korea,democratic peoples republic of korea',
  KR: 'south korea,korea,republic of korea',
  LA: 'laos,lao peoples democratic republic',
  MD: 'moldova',
  MK: 'macedonia,north macedonia',
  MM: 'burma,myanmar',
  MO: 'macau,macao,macao sar',
  NL: 'holland,netherlands,nederland',
  PS: 'palestine,state of palestine',
  RU: 'russia,russian federation',
  SY: 'syria,syrian arab republic',
  SZ: 'swaziland,eswatini',
  TL: 'east timor,timor leste',
  TR: 'turkey,turkiye,turkei,turquie',
  TW: 'republic of china,taiwan',
  TZ: 'united republic of tanzania',
  US: 'usa,united states of america,america,u s,u s a',
  VA: 'vatican,holy see',
  VE: 'bolivarian republic of venezuela',
  VN: 'viet nam',
};

const TEXT_LENGTH_MAX = 100;
const CACHE_ENTRIES = 4_096;

let namesInUse: ReadonlyMap<string, string> | undefined;
const cache = new BoundedCache<string>(CACHE_ENTRIES);

/** Undefined for what is no country. */
export function countryCodeOf(text: string): string | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const code = cache.get(text, (name) => {
    namesInUse ??= countryNames();
    return namesInUse.get(foldName(name)) ?? '';
  });
  return code === '' ? undefined : code;
}

function foldName(name: string): string {
  return name
    .replace(/ı/g, 'i')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{Mn}/gu, '')
    .replace(/&/g, ' and ')
    .replace(/['’`]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .replace(/\bst\b/g, 'saint')
    .trim()
    .replace(/^(?!republic of china$)(?:the )?(?:republic of )?(?:the )?(?=\p{L}{3})/u, '');
}

function countryNames(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const shared = new Set<string>();
  const add = (name: string, code: string): void => {
    const folded = foldName(name);
    if (folded === '') return;
    const owner = names.get(folded);
    if (owner !== undefined && owner !== code) shared.add(folded);
    else names.set(folded, code);
  };
  const codes = CODES.split(' ').map((pair) => pair.split(','));
  const english = new Intl.DisplayNames(['en'], { type: 'region' });
  for (const [alpha2] of codes) {
    const name = english.of(alpha2) ?? alpha2;
    for (const form of [name, ...name.split(/[()]/)]) add(form, alpha2);
    const { language } = new Intl.Locale(`und-${alpha2}`).maximize();
    const local = language === undefined ? undefined : new Intl.DisplayNames([language], { type: 'region' }).of(alpha2);
    if (local !== undefined) add(local, alpha2);
  }
  for (const name of shared) names.delete(name);
  // Chosen by hand and by the standard: these win over what the data says.
  for (const [code, list] of Object.entries(OTHER_NAMES)) {
    for (const name of list.split(',')) names.set(foldName(name), code);
  }
  for (const [alpha2, alpha3] of codes) {
    names.set(foldName(alpha2), alpha2);
    names.set(foldName(alpha3), alpha2);
  }
  return names;
}
