/**
 * Click ids, best evidence first: the first one present in this order is the one that counts.
 * `kind network: names`; the `soft` ones are in ordinary links too, the others only in those of adverts and of
 * affiliate networks. Names in lower case; they are matched in any case.
 * Origin: the networks' own help pages; facts gathered by hand.
 */
export const CLICK_IDS: string = `
search google: gclid
search bing: msclkid
social tiktok: ttclid
social linkedin: li_fat_id
search google: gbraid wbraid gclsrc
display google: dclid
search yandex: yclid
social twitter: twclid
social snapchat: sccid
social reddit: rdt_cid
social pinterest: epik _epik
social quora: qclid
social nextdoor: ndclid
search google: gad_source gad_campaignid
display outbrain: ob_click_id dicbo
display taboola: tblci
display basis: btid
other yahoo: vmcid
other rokt: rtid
other kochava: ko_click_id
other adobe-advertising: ef_id s_kwcid
other marin: mkwid pcrid
other hubspot-ads: hsa_cam hsa_acc hsa_grp
affiliate impact: irclickid irclid
affiliate cj: cjevent
affiliate awin: awc
affiliate rakuten-advertising: ransiteid
affiliate shareasale: sscid
affiliate ebay: mkcid mkevt
soft sms sms: sms_click sms_source
soft email mailchimp: mc_cid mc_eid
soft email hubspot: _hsenc _hsmi
soft email klaviyo: _kx _ke
soft email marketo: mkt_tok
soft email dotdigital: dm_i
soft email listrak: trk_contact trk_msg
soft email bronto: _bta_tid
soft social instagram: igshid igsh
soft social facebook: fbclid mibextid
soft search google: srsltid
soft search yandex: ysclid
`

/** Campaign tags by what they hold, best spelling first; `*` is each of the beginnings below. */
export const TAGS: string = `
source: *source
medium: *medium
campaign: *campaign *id
term: *term *keyword *kwd
content: *content
weak: ref source utm_referrer referrer referer
ignore: ignore_referrer ignore_referer utm_nooverride
`

/** `utm_` is everybody's; the rest are Matomo's. */
export const TAG_BEGINNINGS: string = 'utm_ mtm_ matomo_ pk_ piwik_'

/** Parameters of result pages that hold what was searched for, best first. Origin: Matomo's list (CC0). */
export const TERMS: string = 'q query p wd text search_query keyword word'
