BEGIN TRANSACTION;
CREATE TABLE accounts (
	name TEXT NOT NULL, 
	tat DOUBLE NOT NULL, 
	slow DOUBLE NOT NULL, 
	paused_at BIGINT NOT NULL, 
	paused_by TEXT NOT NULL, 
	paused_reason TEXT NOT NULL, 
	token_mark TEXT NOT NULL, 
	health TEXT NOT NULL, 
	CONSTRAINT accounts_pk PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('main',1.79596293433027319333e+12,1795962992906.0,0,'','','','{"breaker":{"gate":"closed","recent":"..xx..x","until":0,"wait":0,"round":0,"left":0,"passed":0,"since":0,"probe":"","bots":[]},"streaks":{"pages":0,"denied":[]},"slowed_at":1795962932906,"reissue":[]}');
CREATE TABLE actions (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	who TEXT NOT NULL, 
	what TEXT NOT NULL, 
	why TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	target TEXT NOT NULL, 
	CONSTRAINT actions_pk PRIMARY KEY (id)
);
INSERT INTO "actions" VALUES(1,1795962936443,'ann','pause','the course moves','source','shop');
INSERT INTO "actions" VALUES(2,1795962940170,'ann','resend','not there','call','4');
INSERT INTO "actions" VALUES(3,1795962940966,'ann','resolve as cancelled','too late','call','5');
INSERT INTO "actions" VALUES(4,1795962941769,'ann','replay','again','event','2');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0009');
CREATE TABLE alerts (
	name TEXT NOT NULL, 
	sent_at BIGINT NOT NULL, 
	since BIGINT NOT NULL, 
	pending BIGINT NOT NULL, 
	detail TEXT NOT NULL, 
	mark BIGINT NOT NULL, 
	CONSTRAINT alerts_pk PRIMARY KEY (name)
);
CREATE TABLE answers (
	account TEXT NOT NULL, 
	url TEXT NOT NULL, 
	shape TEXT NOT NULL, 
	call_id BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	confirmed_at BIGINT NOT NULL, 
	CONSTRAINT answers_pk PRIMARY KEY (account, url, shape)
);
INSERT INTO "answers" VALUES('main','http://127.0.0.1:18499','200 application/json {bot_id: number, started: number, started_at: string, subscriber_id: number}',1,1795962927213,0);
CREATE TABLE attempts (
	call_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT NOT NULL, 
	outcome TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	phase TEXT NOT NULL, 
	status INTEGER, 
	content_type TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	retry_after DOUBLE, cause TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT attempts_pk PRIMARY KEY (call_id, number)
)
 WITHOUT ROWID

;
INSERT INTO "attempts" VALUES(1,1,'dispatcher-1',1795962927210,1795962927212,'done','answered 200','complete',200,'application/json','{"bot_id": 7, "subscriber_id": 101, "started": 1, "started_at": "2026-11-29T14:35:27.211610Z"}
',NULL,'');
INSERT INTO "attempts" VALUES(3,1,'dispatcher-1',1795962928316,1795962928318,'refused','answered 404: not found: the bot, the subscriber, or the method for this token: Not Found','complete',404,'application/json','{"message": "Not Found"}
',NULL,'');
INSERT INTO "attempts" VALUES(4,1,'dispatcher-1',1795962929841,1795962929842,'uncertain','answered 500: LeadConverter failed: Server Error; it may have run','complete',500,'application/json','{"message": "Server Error"}
',NULL,'http_500');
INSERT INTO "attempts" VALUES(5,1,'dispatcher-1',1795962931376,1795962931377,'uncertain','answered 200 with an HTML page, Вход в личный кабинет instead of the API''s answer','complete',200,'text/html; charset=utf-8','<!DOCTYPE html>
<html><head><title>Вход в личный кабинет</title></head><body><h1>Вход в личный кабинет</h1></body></html>
',NULL,'html');
INSERT INTO "attempts" VALUES(6,1,'dispatcher-1',1795962932904,1795962932906,'retry','answered 429: too many calls a second: Too Many Attempts','complete',429,'application/json','{"message": "Too Many Attempts"}
',NULL,'');
INSERT INTO "attempts" VALUES(6,2,'dispatcher-1',1795962933299,1795962933301,'done','answered 200','complete',200,'application/json','{"bot_id": 7, "subscriber_id": 110, "started": 1, "started_at": "2026-11-29T14:35:33.300471Z"}
',NULL,'');
INSERT INTO "attempts" VALUES(7,1,'dispatcher-1',1795962933937,1795962933938,'uncertain','all 300 bytes were sent, then the connection was reset; it may have run','waiting',NULL,'','',NULL,'reset');
CREATE TABLE calls (
	id INTEGER NOT NULL, 
	event_id BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	item INTEGER NOT NULL, 
	parent BIGINT NOT NULL, 
	account TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	request TEXT NOT NULL, 
	order_mode TEXT NOT NULL, 
	on_uncertain TEXT NOT NULL, 
	state TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	answered INTEGER NOT NULL, 
	resends INTEGER NOT NULL, 
	had_uncertain BOOLEAN NOT NULL, 
	owner TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	due_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	lease_until BIGINT NOT NULL, 
	sent_at BIGINT NOT NULL, 
	settled_at BIGINT NOT NULL, 
	holds_until BIGINT NOT NULL, 
	held_by BIGINT NOT NULL, 
	held_until BIGINT NOT NULL, 
	reason TEXT NOT NULL, cause TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT calls_pk PRIMARY KEY (id), 
	CONSTRAINT calls_event_id_rule_item_parent_key UNIQUE (event_id, rule, item, parent), 
	CONSTRAINT calls_order_mode_check CHECK (order_mode IN ('strict', 'relaxed', 'none')), 
	CONSTRAINT calls_owner_check CHECK (state NOT IN ('claimed', 'sending') OR owner <> ''), 
	CONSTRAINT calls_state_check CHECK (state IN ('queued', 'claimed', 'sending', 'uncertain', 'waiting', 'done', 'refused', 'exhausted', 'expired', 'cancelled'))
);
INSERT INTO "calls" VALUES(1,1,'shop','paid',0,0,'main','subscriber:101','{"bot_id":7,"subscriber_id":101,"user_id":null,"channel_id":null,"variables":[["hello","Hello, Мария"],["amount","250"]],"forced":false,"expires":86400,"shadow":false}','relaxed','','done',1,1,0,0,'',1795962927198,1795962927213,1796049327198,0,1795962927206,1795962927213,4611686018427387904,0,0,'answered 200','');
INSERT INTO "calls" VALUES(2,6,'shop','watched',0,0,'main','subscriber:106','{"bot_id":8,"subscriber_id":106,"user_id":null,"channel_id":null,"variables":[],"forced":false,"expires":86400,"shadow":true}','relaxed','','cancelled',0,0,0,0,'',1795962928279,1795962928279,1796049328279,0,0,1795962928279,4611686018427387904,0,0,'shadow: recorded, never sent','');
INSERT INTO "calls" VALUES(3,8,'shop','paid',0,0,'main','subscriber:107','{"bot_id":7,"subscriber_id":107,"user_id":null,"channel_id":null,"variables":[["hello","Hello, Мария"],["amount","250"]],"forced":false,"expires":86400,"shadow":false}','relaxed','','refused',1,1,0,0,'',1795962928310,1795962928319,1796049328310,0,1795962928314,1795962928319,4611686018427387904,0,0,'answered 404: not found: the bot, the subscriber, or the method for this token: Not Found','');
INSERT INTO "calls" VALUES(4,9,'shop','paid',0,0,'main','subscriber:108','{"bot_id":7,"subscriber_id":108,"user_id":null,"channel_id":null,"variables":[["hello","Hello, Мария"],["amount","250"]],"forced":false,"expires":86400,"shadow":false}','relaxed','','queued',1,0,1,1,'',1795962929834,1795962940170,1796049340170,0,1795962929839,0,0,-1,4611686018427387904,'resent by ann: not there','http_500');
INSERT INTO "calls" VALUES(5,10,'shop','paid',0,0,'main','subscriber:109','{"bot_id":7,"subscriber_id":109,"user_id":null,"channel_id":null,"variables":[["hello","Hello, Мария"],["amount","250"]],"forced":false,"expires":86400,"shadow":false}','relaxed','','cancelled',1,0,0,1,'',1795962931364,1795962931380,1796049331364,0,1795962931373,1795962940966,0,0,0,'resolved as cancelled by ann: too late','html');
INSERT INTO "calls" VALUES(6,11,'shop','paid',0,0,'main','subscriber:110','{"bot_id":7,"subscriber_id":110,"user_id":null,"channel_id":null,"variables":[["hello","Hello, Мария"],["amount","250"]],"forced":false,"expires":86400,"shadow":false}','relaxed','','done',2,2,0,0,'',1795962932897,1795962933302,1796049332897,0,1795962933296,1795962933302,1795963532906,0,0,'answered 200','');
INSERT INTO "calls" VALUES(7,12,'shop','paid',0,0,'main','subscriber:111','{"bot_id":7,"subscriber_id":111,"user_id":null,"channel_id":null,"variables":[["hello","Hello, Мария"],["amount","250"]],"forced":false,"expires":86400,"shadow":false}','relaxed','','uncertain',1,0,0,1,'dispatcher-1',1795962933928,1795962933939,1796049333928,0,1795962933935,0,0,0,0,'all 300 bytes were sent, then the connection was reset; it may have run','reset');
INSERT INTO "calls" VALUES(8,13,'shop','paid',0,0,'main','subscriber:112','{"bot_id":7,"subscriber_id":112,"user_id":null,"channel_id":null,"variables":[["hello","Hello, Мария"],["amount","250"]],"forced":false,"expires":86400,"shadow":false}','relaxed','','queued',0,0,0,0,'',1795962936469,1795962936469,1796049336469,0,0,0,4611686018427387904,-1,4611686018427387904,'','');
INSERT INTO "calls" VALUES(9,14,'shop','paid',0,0,'main','subscriber:113','{"bot_id":7,"subscriber_id":113,"user_id":null,"channel_id":null,"variables":[["hello","Hello, Мария"],["amount","250"]],"forced":false,"expires":86400,"shadow":false}','relaxed','','queued',0,0,0,0,'',1795962936481,1795962936481,1796049336481,0,0,0,4611686018427387904,-1,4611686018427387904,'','');
CREATE TABLE dedup (
	source TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	type TEXT NOT NULL, 
	content TEXT NOT NULL, 
	event_id BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT dedup_pk PRIMARY KEY (source, "key", type, content)
)
 WITHOUT ROWID

;
INSERT INTO "dedup" VALUES('shop','o-1','order','',1,1798554927198);
INSERT INTO "dedup" VALUES('shop','o-10','order','',11,1798554932897);
INSERT INTO "dedup" VALUES('shop','o-11','order','',12,1798554933928);
INSERT INTO "dedup" VALUES('shop','o-12','order','',13,1798554936469);
INSERT INTO "dedup" VALUES('shop','o-13','order','',14,1798554936481);
INSERT INTO "dedup" VALUES('shop','o-2','order','',2,1798554928224);
INSERT INTO "dedup" VALUES('shop','o-3','order','',3,1798554928238);
INSERT INTO "dedup" VALUES('shop','o-4','order','',4,1798554928250);
INSERT INTO "dedup" VALUES('shop','o-6','order','',6,1798554928279);
INSERT INTO "dedup" VALUES('shop','o-7','order','',8,1798554928310);
INSERT INTO "dedup" VALUES('shop','o-8','order','',9,1798554929834);
INSERT INTO "dedup" VALUES('shop','o-9','order','',10,1798554931364);
CREATE TABLE events (
	id INTEGER NOT NULL, 
	delivery BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	type TEXT NOT NULL, 
	received_at BIGINT NOT NULL, 
	client TEXT NOT NULL, 
	verified TEXT NOT NULL, 
	method TEXT NOT NULL, 
	"query" TEXT, 
	headers TEXT, 
	body BLOB, 
	document TEXT, 
	parameters TEXT, 
	result TEXT NOT NULL, 
	error TEXT NOT NULL, 
	rules_version TEXT NOT NULL, 
	verdicts TEXT NOT NULL, 
	failures TEXT NOT NULL, reply TEXT, secrets TEXT, 
	CONSTRAINT events_pk PRIMARY KEY (id), 
	CONSTRAINT events_result_check CHECK (result IN ('matched', 'unmatched', 'failed', 'unreadable', 'ignored'))
);
INSERT INTO "events" VALUES(1,1,'shop','o-1','order',1795962927196,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","93"]]',X'7B226964223A226F2D31222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3130312C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-1","type":"order","status":"paid","amount":250,"subscriber":101,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","matched","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(2,2,'shop','o-2','order',1795962928221,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","91"]]',X'7B226964223A226F2D32222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A352C2273756273637269626572223A3130322C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-2","type":"order","status":"paid","amount":5,"subscriber":102,"name":"Мария"}','{}','unmatched','','f44cfb9fb550','[["paid","unmatched","$.amount: {gte: 100}","less",5,10],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(3,3,'shop','o-3','order',1795962928237,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","92"]]',X'7B226964223A226F2D33222C2274797065223A226F72646572222C22737461747573223A226E6577222C22616D6F756E74223A3235302C2273756273637269626572223A3130332C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-3","type":"order","status":"new","amount":250,"subscriber":103,"name":"Мария"}','{}','unmatched','','f44cfb9fb550','[["paid","unmatched","$.status: paid","differs","new",9],["watched","unmatched","$.status: watched","differs","new",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(4,4,'shop','o-4','order',1795962928249,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","56"]]',X'7B226964223A226F2D34222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235307D','{"id":"o-4","type":"order","status":"paid","amount":250}','{}','failed','','f44cfb9fb550','[["paid","failed","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[["paid",0,"subscriber_id","$.subscriber","$.subscriber is absent, an id is a positive whole number in digits"]]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(5,5,'shop','','',1795962928259,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","7"]]',X'7B62726F6B656E',NULL,NULL,'unreadable','not JSON: expecting property name enclosed in double quotes at character 2','f44cfb9fb550','[]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(6,6,'shop','o-6','order',1795962928278,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","94"]]',X'7B226964223A226F2D36222C2274797065223A226F72646572222C22737461747573223A2277617463686564222C22616D6F756E74223A312C2273756273637269626572223A3130362C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-6","type":"order","status":"watched","amount":1,"subscriber":106,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","unmatched","$.status: paid","differs","watched",9],["watched","matched","","",null,15]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(8,8,'shop','o-7','order',1795962928309,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","93"]]',X'7B226964223A226F2D37222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3130372C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-7","type":"order","status":"paid","amount":250,"subscriber":107,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","matched","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(9,9,'shop','o-8','order',1795962929833,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","93"]]',X'7B226964223A226F2D38222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3130382C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-8","type":"order","status":"paid","amount":250,"subscriber":108,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","matched","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(10,10,'shop','o-9','order',1795962931363,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","93"]]',X'7B226964223A226F2D39222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3130392C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-9","type":"order","status":"paid","amount":250,"subscriber":109,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","matched","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(11,11,'shop','o-10','order',1795962932896,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","94"]]',X'7B226964223A226F2D3130222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3131302C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-10","type":"order","status":"paid","amount":250,"subscriber":110,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","matched","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(12,12,'shop','o-11','order',1795962933927,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","94"]]',X'7B226964223A226F2D3131222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3131312C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-11","type":"order","status":"paid","amount":250,"subscriber":111,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","matched","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(13,13,'shop','o-12','order',1795962936468,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","94"]]',X'7B226964223A226F2D3132222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3131322C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-12","type":"order","status":"paid","amount":250,"subscriber":112,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","matched","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
INSERT INTO "events" VALUES(14,14,'shop','o-13','order',1795962936480,'127.0.0.1','token in header X-Token','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","s3cret"],["Content-Type","application/json"],["Content-Length","94"]]',X'7B226964223A226F2D3133222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3131332C226E616D65223A22D09CD0B0D180D0B8D18F227D','{"id":"o-13","type":"order","status":"paid","amount":250,"subscriber":113,"name":"Мария"}','{}','matched','','f44cfb9fb550','[["paid","matched","","",null,7],["watched","unmatched","$.status: watched","differs","paid",16]]','[]',NULL,'[["header","X-Token",""]]');
CREATE TABLE notes (
	name TEXT NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT notes_pk PRIMARY KEY (name)
);
INSERT INTO "notes" VALUES('target','the sandbox');
INSERT INTO "notes" VALUES('mappings','{"at":1795962927022,"files":{"mappings/shop.yml":"source: shop\nprofile: json\nsecret: ${SHOP_SECRET}\nverify: {token: {header: X-Token}}\nevent: {id: $.id, type: $.type}\nrules:\n  - name: paid\n    when:\n      $.status: paid\n      $.amount: {gte: 100}\n    start:\n      bot_id: 7\n      subscriber_id: $.subscriber\n      variables: {hello: \"Hello, {$.name}\", amount: $.amount}\n  - name: watched\n    when: {$.status: watched}\n    shadow: true\n    start: {bot_id: 8, subscriber_id: $.subscriber}\n"}}');
INSERT INTO "notes" VALUES('identities','{"shop":{"event":"{id: $.id, type: $.type}","before":[]}}');
CREATE TABLE pauses (
	source TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	paused_at BIGINT NOT NULL, 
	paused_by TEXT NOT NULL, 
	paused_reason TEXT NOT NULL, 
	CONSTRAINT pauses_pk PRIMARY KEY (source, rule)
);
INSERT INTO "pauses" VALUES('shop','',1795962936443,'ann','the course moves');
CREATE TABLE refusals (
	id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	received_at BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	client TEXT NOT NULL, 
	method TEXT NOT NULL, 
	"query" TEXT NOT NULL, 
	headers TEXT NOT NULL, 
	body BLOB NOT NULL, 
	body_size INTEGER NOT NULL, secrets TEXT, 
	CONSTRAINT refusals_pk PRIMARY KEY (id)
);
INSERT INTO "refusals" VALUES(1,'shop',1795962928270,401,'token','token in header X-Token is not the secret','127.0.0.1','POST','','[["Host","127.0.0.1:18480"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["X-Token","wrong"],["Content-Type","application/json"],["Content-Length","93"]]',X'7B226964223A226F2D35222C2274797065223A226F72646572222C22737461747573223A2270616964222C22616D6F756E74223A3235302C2273756273637269626572223A3130352C226E616D65223A22D09CD0B0D180D0B8D18F227D',93,'[["header","X-Token",""]]');
CREATE TABLE repeats (
	id INTEGER NOT NULL, 
	event_id BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	received_at BIGINT NOT NULL, 
	client TEXT NOT NULL, 
	verified TEXT NOT NULL, 
	difference TEXT NOT NULL, 
	rules_version TEXT NOT NULL, 
	item BIGINT NOT NULL, 
	method TEXT NOT NULL, 
	"query" TEXT, 
	headers TEXT, 
	body BLOB, 
	body_size BIGINT NOT NULL, 
	taken_as BIGINT NOT NULL, 
	CONSTRAINT repeats_pk PRIMARY KEY (id), 
	CONSTRAINT repeats_difference_check CHECK (difference IN ('none', 'content', 'outcome', 'unknown'))
);
INSERT INTO "repeats" VALUES(1,1,1,'shop',1795962928291,'127.0.0.1','token in header X-Token','none','f44cfb9fb550',0,'POST',NULL,NULL,NULL,93,0);
CREATE TABLE sequences (
	name TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT sequences_pk PRIMARY KEY (name)
);
INSERT INTO "sequences" VALUES('events',14);
INSERT INTO "sequences" VALUES('calls',9);
INSERT INTO "sequences" VALUES('refusals',1);
INSERT INTO "sequences" VALUES('actions',4);
INSERT INTO "sequences" VALUES('repeats',1);
CREATE TABLE tallies (
	kind TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	name TEXT NOT NULL, 
	shard INTEGER NOT NULL, 
	many BIGINT NOT NULL, 
	latest BIGINT NOT NULL, 
	CONSTRAINT tallies_pk PRIMARY KEY (kind, at, source, name, shard)
)
 WITHOUT ROWID

;
INSERT INTO "tallies" VALUES('call:cancelled',1795962900000,'shop','main',0,2,1795962940966);
INSERT INTO "tallies" VALUES('call:done',1795962900000,'shop','main',0,2,1795962933302);
INSERT INTO "tallies" VALUES('call:refused',1795962900000,'shop','main',0,1,1795962928319);
INSERT INTO "tallies" VALUES('call:uncertain',1795962900000,'shop','main',0,3,1795962933939);
INSERT INTO "tallies" VALUES('call:waiting',1795962900000,'shop','main',0,3,1795962940170);
INSERT INTO "tallies" VALUES('event:failed',1795962900000,'shop','',0,1,1795962928250);
INSERT INTO "tallies" VALUES('event:matched',1795962900000,'shop','',0,9,1795962936481);
INSERT INTO "tallies" VALUES('event:unmatched',1795962900000,'shop','',0,2,1795962928238);
INSERT INTO "tallies" VALUES('event:unreadable',1795962900000,'shop','',0,1,1795962928260);
INSERT INTO "tallies" VALUES('rule:failed',1795962900000,'shop','paid',0,1,1795962928250);
INSERT INTO "tallies" VALUES('rule:matched',1795962900000,'shop','paid',0,8,1795962936481);
INSERT INTO "tallies" VALUES('rule:matched',1795962900000,'shop','watched',0,1,1795962928279);
INSERT INTO "tallies" VALUES('webhook:refused',1795962900000,'shop','',0,1,1795962928271);
CREATE INDEX events_by_key ON events ("key");
CREATE INDEX events_by_source ON events (source, id);
CREATE INDEX events_of_batches ON events (delivery) WHERE delivery <> id;
CREATE INDEX calls_by_end ON calls (expires_at) WHERE state IN ('queued', 'waiting');
CREATE INDEX calls_by_lease ON calls (lease_until) WHERE state IN ('claimed', 'sending');
CREATE INDEX calls_by_recipient ON calls (recipient, id);
CREATE INDEX calls_by_release ON calls (held_until) WHERE state = 'queued' AND held_by <> 0;
CREATE INDEX calls_by_state ON calls (state, id);
CREATE INDEX calls_held ON calls (account, recipient, id) WHERE state = 'queued' AND held_by <> 0;
CREATE UNIQUE INDEX calls_in_flight ON calls (account, recipient) WHERE state IN ('claimed', 'sending');
CREATE INDEX calls_in_lane ON calls (account, recipient, id) WHERE state IN ('queued', 'uncertain');
CREATE INDEX calls_ready ON calls (account, due_at, id) WHERE state = 'queued' AND held_by = 0;
CREATE INDEX refusals_by_source ON refusals (source, id);
CREATE INDEX actions_by_target ON actions (kind, target, id);
CREATE INDEX events_by_result ON events (result, id) WHERE result <> 'matched';
CREATE INDEX events_by_type ON events (source, type, id);
CREATE INDEX calls_by_rule ON calls (source, rule, id);
CREATE INDEX dedup_by_end ON dedup (expires_at);
CREATE INDEX repeats_by_event ON repeats (event_id, id);
CREATE INDEX repeats_in_doubt ON repeats (source, id) WHERE difference = 'outcome' AND taken_as = 0;
COMMIT;
