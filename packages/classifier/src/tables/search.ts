/**
 * Search engines. Notation of `addHosts`: `name: host …`, or hosts named after themselves; a host stands for
 * its subdomains too, `=host` for itself and its front doors only, `host.*` for every country, `host/path` for
 * a part of a site. Portals are `=`: only their search and their front page lead on by searching.
 * Origin: by hand; the long tail is the facts of Matomo's searchengine-and-social-list (CC0).
 */
export const SEARCH: string = `
google: =google.* www2.google.* ipv6.google.* go.google.* encrypted.google.* search.google.* images.google.*
google: image.google.* video.google.* scholar.google.* cse.google.* blogsearch.google.* maps.google.*
google: lens.google.com search.app cdn.ampproject.org webcache.googleusercontent.com googlesyndicatedsearch.com
google: =wwwgoogle.* =gogole.* =gppgle.* =googel.*
bing: bing.com cc.bingj.com search.live.com search.msn.com msnbc.msn.com dizionario.it.msn.com
bing: enciclopedia.it.msn.com =msn.com ntp.msn.com
yahoo: =yahoo.* search.yahoo.* images.yahoo.* cade.yahoo.com one.cn.yahoo.com =yahoo.ne.jp
yandex: =yandex.* images.yandex.* clck.yandex.* yabs.yandex.* video.yandex.* ya.ru
baidu: baidu.com baidu.co.th
duckduckgo: duckduckgo.com ddg.gg duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion
startpage: startpage.com ixquick.com ixquick.de startpagel6srwcjlue4zgq3zevrujfaow726kjytqbbjyrswwmjzcqd.onion
ecosia.org search.brave.com qwant.com kagi.com mojeek.com mojeek.co.uk swisscows.com presearch.com presearch.org
yep.com search.lilo.org metager.de metager.org meta.rrzn.uni-hannover.de gibiru.com petalsearch.com
search.marginalia.nu stract.com freespoke.com oceanhero.today karmasearch.org ekoru.org givero.com search.mozilla.org
naver: =naver.com search.naver.com
daum: =daum.net search.daum.net
nate: =nate.com search.nate.com
zum: =zum.com search.zum.com
seznam: =seznam.cz search.seznam.cz videa.seznam.cz
sogou: sogou.com soso.com
so: so.com so.360.cn haosou.com sou.com
sm: sm.cn
toutiao: so.toutiao.com
mail-ru: go.mail.ru
rambler: =rambler.ru nova.rambler.ru
coccoc.com
ask: ask.com ask.co.uk askkids.com ask.reference.com iwon.com qbyrd.com search-results.com searchqu.com
aol: =aol.com search.aol.* aolsearch.aol.* aim.search.aol.com web.aol.com aolsearch.com
aol: recherche.aol.fr aolrecherche.aol.fr aolrecherches.aol.fr aolimages.aol.fr recherche.aol.ca sucheaol.aol.de
aol: suche.aol.de o2suche.aol.de suche.aolsvc.de aolbusqueda.aol.com.mx alicesuche.aol.de alicesuchet.aol.de
aol: suchet2.aol.de search.hp.my.aol.* search-intl.netscape.com
t-online: suche.t-online.de brisbane.t-online.de navigationshilfe.t-online.de
web-de: suche.web.de
gmx: suche.gmx.net search.gmx.com suche.gmx.at suche.gmx.ch
1und1: suche.1und1.de search.1und1.de
virgilio: ricerca.virgilio.it ricercaimmagini.virgilio.it ricercavideo.virgilio.it ricercanews.virgilio.it
virgilio: mobile.virgilio.it
tiscali: search.tiscali.it search-dyn.tiscali.it hledani.tiscali.cz
excite: search.excite.* msxml.excite.com =excite.co.jp
voila: search.ke.voila.fr lemoteur.ke.voila.fr lemoteur.fr
orange: busca.orange.es lemoteur.orange.fr
auone: search.auone.jp sp-search.auone.jp
goo: search.goo.ne.jp ocnsearch.goo.ne.jp
biglobe: search.biglobe.ne.jp
nifty: search.nifty.com videosearch.nifty.com search.azby.fmworld.net
so-net: =so-net.ne.jp video.so-net.ne.jp
docomo: search.smt.docomo.ne.jp
yahoo-japan: jp.hao123.com home.kingsoft.jp jwsearch.jword.jp
infospace: infospace.com dogpile.com tattoodle.com metacrawler.com metacrawler.de webfetch.com webcrawler.com
infospace: inspsearch.com
lycos: =lycos.* search.lycos.com
altavista: altavista.com altavista.de altavista.fr
zapmeta: zapmeta.* zapmetasearch.*
arianna: arianna.libero.it arianna.com
mywebsearch: mysearch.com myway.com mywebsearch.com
lycos.* abacho.* 123people.* yasni.* qualigo.* walhello.* walhello.info mozbot.* allesklar.*
search.avg.com isearch.avg.com search.avira.com search.avira.net safesearch.avira.com search.avast.com
search.f-secure.com searches.f-secure.com search.zonealarm.com nortonsafe.search.ask.com search.norton.com
search.bt.com search.xfinity.com search.comcast.net search.verizon.com searchresults.verizon.com search.rr.com
search.earthlink.net search.juno.com search.frontier.com =charter.net =talktalk.co.uk =optuszoo.com.au
search.peoplepc.com websearch.cs.com search.bluewin.ch =skynet.be =fastweb.it find.tdc.dk =online.no
search.walla.co.il search.abv.bg search.www.ee web.volny.cz search.centrum.cz searchatlas.centrum.cz
morfeo.centrum.cz szukaj.onet.pl szukaj.wp.pl google.interia.pl jyxo.1188.cz zoznam.sk zoohoo.cz najdi.si
apollo.lv/portal/search smart.delfi.lv otsing.delfi.ee neti.ee latne.lv aport.ru sputnik.ru nigma.ru poisk.ru
search.qip.ru search.ukr.net all.by meta.ua holmes.ge laban.vn yam.com gais.cs.ccu.edu.tw zhongsou.com zxuso.com gfsoso.com
yongzin.com kwzf.net search.seesaa.jp woopie.jp websearch.rakuten.co.jp netlavis.azione.jp
search.dolphin-browser.jp cgi2.nintendo.co.jp
suche.freenet.de =arcor.de fireball.de fireball.com metager2.de acoon.de apollo7.de austronaut.at blekko.com
dasoertliche.de dastelefonbuch.de goyellow.de yellowmap.de meinestadt.de peoplecheck.de paperball.de fixsuche.de
flix.de gnadenmeer.de jungle-spider.de sm.de suche.info suchmaschine.com suchnase.de tixuma.de witch.de
search.ch toppreise.ch benefind.de ys.mirostart.com
search.free.fr search1-1.free.fr search1-2.free.fr rechercher.aliceadsl.fr chercherfr.aguea.com exalead.fr
exalead.com francite.com fr.dir.com junglekey.com junglekey.fr sharelook.fr weborama.fr wedoo.com x-recherche.com
yatedo.com yatedo.fr yougoo.fr toile.com trouvez.com hit-parade.com
=kataweb.it search.leonardo.it cercato.it trovarapido.com it.luna.tv ariadna.elmundo.es buscador.terra.es
buscador.terra.cl buscador.terra.com.br busca.uol.com.br pesquisa.clix.pt pesquisa.sapo.pt
ilse.nl vinden.nl vindex.nl web.nl zoek.nl zoeken.nl startgoogle.startpagina.nl
abcsok.no kvasir.no startsiden.no gulesider.no 1881.no eniro.se 118700.se allaverksamheter.se isodelen.se
riksdelen.se findhurtig.dk 1.cz
search.babylon.com isearch.babylon.com searchassist.babylon.com search.conduit.com search.softonic.com
search.incredimail.com search1.incredimail.com search2.incredimail.com search3.incredimail.com
search4.incredimail.com search.imesh.com search.winamp.com search.icq.com =icq.com searchservice.myspace.com
search.trustnav.com search.disconnect.me search.snap.do search.chedot.com search.foxtab.com search.hiyo.com
search.sweetim.com search.alot.com search.incredibar.com search.nan.so search.kiwee.com search.webssearches.com
search.fbdownloader.com search.magentic.com search.searchcompletion.com search.chatzum.com search.b1.org
search.handycafe.com search.v9.com search.iminent.com search.offerbox.com search.genieo.com search.fooooo.com
search.freecause.com search.lookseek.com search.smartaddressbar.com search.smartshopping.com search.yippy.com
ko.search.need2find.com searches.vi-view.com searches3.globososo.com searches.safehomepage.com
isearch.glarysoft.com start.facemoods.com start.funmoods.com start.iplay.com start.lenovo.com home.speedbit.com
searchya.com searchmobileonline.com wow.com startab.me kadaza.com monumentbrowser.com darkoogle.com
gooofullsearch.com delta-search.com daemon-search.com claro-search.com www2.inbox.com web.canoe.ca
alexa.com alltheinternet.com alltheweb.com alohafind.com arama.com blogdigger.com blogpulse.com crawler.com
cuil.com dmoz.org entireweb.com eo.st epicsearch.in eurip.com euroseek.com everyclick.com
fastbrowsersearch.com firstsfind.com forestle.org forestle.mobi geona.net gigablast.com gomeo.com highbeam.com
hooseek.com hotbot.com icerocket.com info.com juniorsafesearch.com k9safesearch.com kensaq.com lo.st
localmoxie.com lookany.com looksmart.com maailm.com mamma.com mister-wong.com mister-wong.de
monstercrawler.com myprivatesearch.com only-search.com picsearch.com plazoo.com plusnetwork.com privacywall.org
quendu.com rpmfind.net scour.com search.com searchalot.com searchcanvas.com searchlock.com searchy.co.uk
setooz.com surfcanyon.com swiggle.org.uk talimba.com tarmot.com technorati.com teoma.com toolbarhome.com
torry.io trusted-search.com tusksearch.com twingly.com url.org vuhuv.com websearch.com
`
