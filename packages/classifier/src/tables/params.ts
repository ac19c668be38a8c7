/**
 * Click ids, best evidence first: the first one present in this order is the one that counts.
 * `strength kind network: names` — `paid` is put there only by advert clicks, `deal` by affiliate networks,
 * `soft` by ordinary links too. Names in lower case; they are matched in any case.
 * Origin: the networks' own help pages; facts gathered by hand.
 */
export const CLICK_IDS: string = `
paid search google: gclid
paid search bing: msclkid
paid social tiktok: ttclid
paid social linkedin: li_fat_id
paid search google: gbraid wbraid gclsrc
paid display google: dclid
paid search yandex: yclid
paid social twitter: twclid
paid social snapchat: sccid
paid social reddit: rdt_cid
paid social pinterest: epik _epik
paid social quora: qclid
paid social nextdoor: ndclid
paid search google: gad_source gad_campaignid
paid display outbrain: ob_click_id dicbo
paid display taboola: tblci
paid display basis: btid
paid other yahoo: vmcid
paid other rokt: rtid
paid other kochava: ko_click_id
paid other adobe-advertising: ef_id s_kwcid
paid other marin: mkwid pcrid
paid other hubspot-ads: hsa_cam hsa_acc hsa_grp hsa_ad hsa_src hsa_net
deal affiliate impact: irclickid irclid
deal affiliate cj: cjevent
deal affiliate awin: awc
deal affiliate rakuten-advertising: ransiteid
deal affiliate shareasale: sscid
deal affiliate ebay: mkcid mkevt
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
