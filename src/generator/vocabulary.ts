/** The words that generated people and events are made of, most frequent first where a Zipf law draws them. */

/** code language currency city|city|city; Zipf over the lines. */
export const COUNTRIES = `
US en USD New York|Chicago|Houston
DE de EUR Berlin|Hamburg|München
GB en GBP London|Leeds|Bristol
FR fr EUR Paris|Lyon|Lille
IN hi INR Mumbai|Delhi|Pune
BR pt BRL São Paulo|Rio de Janeiro|Recife
JP ja JPY 東京|大阪|札幌
ES es EUR Madrid|Sevilla|Bilbao
IT it EUR Roma|Milano|Torino
CA en CAD Toronto|Montréal|Calgary
NL nl EUR Amsterdam|Utrecht|Rotterdam
PL pl PLN Warszawa|Kraków|Łódź
AU en AUD Sydney|Perth|Hobart
MX es MXN Ciudad de México|Puebla|Mérida
KR ko KRW 서울|부산|대구
SE sv SEK Stockholm|Malmö|Uppsala
TR tr TRY İstanbul|Ankara|İzmir
CH de CHF Zürich|Basel|Bern
AT de EUR Wien|Graz|Linz
BE nl EUR Brussel|Gent|Antwerpen
ID id IDR Jakarta|Bandung|Medan
AR es ARS Buenos Aires|Rosario|Salta
NO nb NOK Oslo|Bergen|Tromsø
DK da DKK København|Aarhus|Odense
FI fi EUR Helsinki|Turku|Oulu
PT pt EUR Lisboa|Porto|Faro
IE en EUR Dublin|Cork|Galway
CZ cs CZK Praha|Brno|Plzeň
GR el EUR Αθήνα|Πάτρα|Χανιά
RO ro RON București|Cluj-Napoca|Iași
HU hu HUF Budapest|Szeged|Pécs
UA uk UAH Київ|Львів|Одеса
ZA en ZAR Cape Town|Durban|Pretoria
NG en NGN Lagos|Abuja|Kano
EG ar EGP القاهرة|الجيزة|أسوان
SA ar SAR الرياض|جدة|الدمام
AE ar AED Dubai|Abu Dhabi|Sharjah
IL he ILS Tel Aviv|Haifa|Jerusalem
TH th THB Bangkok|Phuket|Chiang Mai
VN vi VND Hà Nội|Đà Nẵng|Huế
PH en PHP Manila|Cebu|Davao
MY ms MYR Kuala Lumpur|Penang|Ipoh
SG en SGD Singapore|Tampines|Jurong
NZ en NZD Auckland|Wellington|Dunedin
CL es CLP Santiago|Valparaíso|Arica
CO es COP Bogotá|Medellín|Cali
PE es PEN Lima|Cusco|Tacna
HR hr EUR Zagreb|Split|Rijeka
SK sk EUR Bratislava|Košice|Nitra
IS is ISK Reykjavík|Akureyri|Selfoss`
  .trim()
  .split('\n')
  .map((line) => {
    const [code, language, currency, ...rest] = line.split(' ');
    return { code, language, currency, cities: rest.join(' ').split('|') };
  });

export const PLANS = ['free', 'basic', 'pro', 'business'];
export const PLAN_WEIGHTS = [70, 20, 8, 2];
export const DEVICES = ['mobile', 'desktop', 'tablet', 'tv', 'console'];
export const DEVICE_WEIGHTS = [58, 33, 7, 1, 1];
export const CHANNELS = ['organic', 'paid_search', 'direct', 'email', 'social', 'referral', 'affiliate', 'display'];
export const FIRST_NAMES =
  'Ada Ben Clara David Emma Finn Greta Hugo Ida Jonas Klara Leo Mia Noah Olga Paul Quinn Rosa Sami Tara Uwe Vera Wim Xenia Yara Zoe Amir Bea Cem Dina Eli Fay'.split(
    ' ',
  );
export const LAST_NAMES =
  'Adams Bauer Costa Dubois Evans Fischer Garcia Hansen Ivanov Jensen Khan Lopez Meyer Novak Okafor Petrov Quist Rossi Silva Tanaka Ueda Varga Weber Xu Yilmaz Zimmer Alvarez Brown Chen Diaz Eriksen Ferrari'.split(
    ' ',
  );
export const CATEGORIES =
  'shoes shirts trousers jackets dresses bags watches jewellery books music games toys garden kitchen lamps chairs tables phones laptops cameras bikes tents skates tea'.split(
    ' ',
  );
export const PAGES = ['/', '/search', '/sale', '/account', '/help', '/blog', '/stores', '/wishlist', '/new', '/cart'];
export const REFERRERS = ['direct', 'google', 'instagram', 'newsletter', 'bing', 'tiktok', 'partner', 'youtube'];

/** The four that make the funnel come first; the others share what is left by a Zipf law. */
export const EVENT_NAMES = [
  'Page Viewed',
  'Product Viewed',
  'Product Added',
  'Order Completed',
  'Products Searched',
  'Checkout Started',
  'Product List Viewed',
  'Email Opened',
  'Cart Viewed',
  'Product Clicked',
  'Application Opened',
  'Signed In',
  'Email Link Clicked',
  'Promotion Viewed',
  'Product Removed',
  'Payment Info Entered',
  'Push Notification Received',
  'Wishlist Product Added',
  'Coupon Applied',
  'Promotion Clicked',
  'Product Reviewed',
  'Push Notification Tapped',
  'Checkout Step Completed',
  'Product Shared',
  'Coupon Entered',
  'Signed Up',
  'Order Refunded',
  'Video Played',
  'Article Read',
  'Support Ticket Opened',
  'Survey Answered',
  'Store Locator Used',
  'Coupon Denied',
  'Wishlist Viewed',
  'Order Cancelled',
  'Application Crashed',
  'Profile Updated',
  'Unsubscribed',
  'Friend Invited',
  'Signed Out',
] as const;
