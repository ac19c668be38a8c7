/**
 * Search engines. Notation of `addHosts`: `name: host …`, or hosts named after themselves; a host stands for
 * its subdomains too, `=host` for itself and its front doors only, `host.*` for every country, `host/path` for
 * a part of a site. Portals are `=`: only their search and their front page lead on by searching.
 * Origin: by hand; the long tail is the facts of Matomo's searchengine-and-social-list (CC0).
 */
export const SEARCH: string = `
# search
google: =google.* www2.google.* ipv6.google.* go.google.* encrypted.google.* search.google.* images.google.*
google: video.google.* scholar.google.* cse.google.* blogsearch.google.* maps.google.* lens.google.com
google: cdn.ampproject.org webcache.googleusercontent.com =wwwgoogle.* =gogole.* =gppgle.* =googel.*
google: search.app googlesyndicatedsearch
bing: cc.bingj.com msnbc.msn.com dizionario.it.msn.com enciclopedia.it.msn.com ntp.msn.com search.live.com
bing: bing =msn
yahoo: =yahoo.* search.yahoo.* images.yahoo.* cade.yahoo.com one.cn.yahoo.com
yandex: =yandex.* images.yandex.* clck.yandex.* yabs.yandex.* ya.ru
duckduckgo
startpage: ixquick.de startpage ixquick
sogou: sogou soso
so: so.360.cn so haosou sou
mail-ru: go.mail.ru
ask: ask.reference.com ask.co.uk ask askkids iwon qbyrd search-results searchqu
web-de: suche.web.de
nifty: videosearch.nifty.com search.azby.fmworld.net search.nifty.com
yahoo-japan: jp.hao123.com home.kingsoft.jp jwsearch.jword.jp
infospace: metacrawler.de infospace dogpile tattoodle metacrawler webfetch webcrawler inspsearch
zapmeta: zapmeta.* zapmetasearch.*
arianna: arianna.libero.it arianna
mywebsearch: mysearch myway mywebsearch
aol: aol.* search-intl.netscape.com aolsvc.de aolsearch
voila: .fr voila lemoteur
search.smt.docomo.ne.jp video.so-net.ne.jp ocnsearch.goo.ne.jp sp-search.auone.jp busca.orange.es
lemoteur.orange.fr

brisbane.t-online.de navigationshilfe.t-online.de nova.rambler.ru so.toutiao.com videa.seznam.cz
meta.rrzn.uni-hannover.de lycos.* abacho.* 123people.* yasni.* qualigo.* walhello.* mozbot.* allesklar.*
safesearch.avira.com searchresults.verizon.com websearch.cs.com find.tdc.dk web.volny.cz
searchatlas.centrum.cz morfeo.centrum.cz google.interia.pl jyxo.1188.cz apollo.lv/portal/search
smart.delfi.lv otsing.delfi.ee gais.cs.ccu.edu.tw websearch.rakuten.co.jp cgi2.nintendo.co.jp
search1-1.free.fr search1-2.free.fr ariadna.elmundo.es busca.uol.com.br searchservice.myspace.com
start.lenovo.com www2.inbox.com web.canoe.ca swiggle.org.uk excite.* austronaut.at =skynet.be all.by
search.ch toppreise.ch sm.cn baidu.co.th =optuszoo.com.au findhurtig.dk neti.ee holmes.ge
epicsearch.in walhello.info suche.info torry.io azione.jp woopie.jp latne.lv startab.me forestle.mobi
=so-net.ne.jp najdi.si zoznam.sk eo.st lo.st oceanhero.today luna.tv meta.ua laban.vn buscador.terra.cl
buscador.terra.com.br buscador.terra.es isearch.avg.com isearch.glarysoft.com pesquisa.clix.pt
pesquisa.sapo.pt search.abv.bg search.bluewin.ch search.walla.co.il search.seznam.cz search.centrum.cz
search.1und1.de search.snap.do search.www.ee search.free.fr search.leonardo.it
search.disconnect.me search.biglobe.ne.jp search.goo.ne.jp search.marginalia.nu search.lilo.org
search.b1.org search.qip.ru search.nan.so suche.gmx.net szukaj.onet.pl szukaj.wp.pl
aguea alexa alltheinternet alltheweb alohafind altavista arama babylon baidu blekko blogdigger blogpulse
claro-search coccoc crawler cuil daemon-search darkoogle delta-search dir entireweb eurip euroseek
everyclick exalead facemoods fastbrowsersearch fireball firstsfind francite freespoke funmoods gfsoso gibiru
gigablast globososo gomeo gooofullsearch highbeam hit-parade hooseek hotbot icerocket =icq incredimail info
iplay junglekey juniorsafesearch k9safesearch kadaza kagi kensaq localmoxie lookany looksmart maailm mamma
mirostart mister-wong mojeek monstercrawler monumentbrowser myprivatesearch =nate =naver need2find
only-search petalsearch picsearch plazoo plusnetwork presearch quendu qwant scour search searchalot
searchcanvas searchlock searchmobileonline searchya setooz speedbit stract suchmaschine surfcanyon swisscows
talimba tarmot technorati teoma toile toolbarhome trouvez trovarapido trusted-search tusksearch twingly
vuhuv websearch wedoo wow x-recherche yam yatedo yep yongzin zhongsou =zum zxuso
.co.uk mojeek searchy =talktalk
.cz 1 =seznam tiscali zoohoo
.de acoon altavista apollo7 =arcor benefind dasoertliche dastelefonbuch fireball fixsuche flix gnadenmeer
.de goyellow jungle-spider meinestadt metager metager2 mister-wong paperball peoplecheck sm suchnase tixuma
.de witch yellowmap
.fr aliceadsl altavista exalead junglekey sharelook weborama yatedo yougoo
.it cercato =fastweb =kataweb tiscali virgilio
.net =charter =daum geona kwzf rpmfind
.nl ilse startpagina vinden vindex web zoek zoeken
.no 1881 abcsok gulesider kvasir =online startsiden
.org dmoz ecosia ekoru forestle karmasearch metager presearch privacywall url
.ru aport nigma poisk =rambler sputnik
.se 118700 allaverksamheter eniro isodelen riksdelen
search. alot avast avg avira brave bt chatzum chedot conduit f-secure fbdownloader fooooo foxtab freecause
search. frontier genieo gmx handycafe hiyo icq imesh iminent incredibar juno kiwee lookseek lycos magentic
search. nate naver offerbox peoplepc rr searchcompletion smartaddressbar smartshopping softonic sweetim
search. trustnav v9 verizon webssearches winamp xfinity yippy zonealarm zum
search. .jp auone dolphin-browser seesaa
search. .net avira comcast daum earthlink ukr
searches. f-secure safehomepage vi-view
suche. .de 1und1 freenet t-online
`
