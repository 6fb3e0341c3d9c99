BEGIN TRANSACTION;
CREATE TABLE alarm (
	"key" VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	opened BIGINT NOT NULL, 
	sent BIGINT, 
	closed BIGINT, 
	text TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "alarm" VALUES('starvation:notes:low','starvation',1795780800000000,NULL,NULL,'low');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0016');
CREATE TABLE amendment (
	delivery BIGINT NOT NULL, 
	revision VARCHAR(64) NOT NULL, 
	state VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	who VARCHAR NOT NULL, 
	why TEXT NOT NULL, 
	token INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	wake BIGINT, 
	lease BIGINT, 
	finished BIGINT, 
	code VARCHAR NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (delivery, revision), 
	FOREIGN KEY(delivery) REFERENCES delivery (id)
);
INSERT INTO "amendment" VALUES(1,'r2','refused',1795780800000000,'editor','a year was wrong',1,1,NULL,NULL,NULL,'','no');
CREATE TABLE api_token (
	hash VARCHAR(64) NOT NULL, 
	person VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	series JSON NOT NULL, 
	made BIGINT NOT NULL, 
	expires BIGINT, 
	revoked BIGINT, 
	used BIGINT, 
	PRIMARY KEY (hash), 
	FOREIGN KEY(person) REFERENCES person (name)
);
INSERT INTO "api_token" VALUES('cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','ann','script','reader','[]',1795780800000000,NULL,NULL,NULL);
CREATE TABLE arrival (
	counter VARCHAR NOT NULL, 
	day VARCHAR(10) NOT NULL, 
	source VARCHAR NOT NULL, 
	medium VARCHAR NOT NULL, 
	campaign VARCHAR NOT NULL, 
	content VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	n BIGINT NOT NULL, 
	PRIMARY KEY (counter, day, source, medium, campaign, content, kind)
);
INSERT INTO "arrival" VALUES('table','2026-11-27','site','','','','join',2);
CREATE TABLE ask (
	id INTEGER NOT NULL, 
	slot VARCHAR NOT NULL, 
	series VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	member VARCHAR NOT NULL, 
	asked BIGINT NOT NULL, 
	who VARCHAR NOT NULL, 
	due VARCHAR(10) NOT NULL, 
	note TEXT NOT NULL, 
	state VARCHAR NOT NULL, 
	answered BIGINT, 
	draft VARCHAR(16), 
	sequence INTEGER NOT NULL, 
	changed BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "ask" VALUES(1,'notes@1','notes',1795780800000000,'alice',1795780800000000,'','2026-11-26','','open',NULL,NULL,0,1795780800000000);
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	who VARCHAR NOT NULL, 
	via VARCHAR NOT NULL, 
	act VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,1795780800000000,'ann','desk','decide','d1','');
CREATE TABLE channel_state (
	channel VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	value BLOB, 
	expires BIGINT, 
	owner VARCHAR NOT NULL, 
	until BIGINT, 
	PRIMARY KEY (channel, "key")
);
INSERT INTO "channel_state" VALUES('far','token',X'F104E0EBB52718162FE57DB3B5C6922438625F04DBB7338889B1F87FD2F9C5E742909C848FCCB01D8E8525C12303',1795784400000000,'',NULL);
CREATE TABLE comment (
	the_class VARCHAR NOT NULL, 
	slot VARCHAR NOT NULL, 
	reviewer VARCHAR NOT NULL, 
	author VARCHAR NOT NULL, 
	draft VARCHAR(16) NOT NULL, 
	due BIGINT NOT NULL, 
	done_at BIGINT, 
	how VARCHAR NOT NULL, 
	PRIMARY KEY (the_class, slot, reviewer, author)
);
INSERT INTO "comment" VALUES('c1','c1@1','alice','bob','d1',1795780800000000,NULL,'');
CREATE TABLE delivery (
	id INTEGER NOT NULL, 
	slot VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	series VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	grace INTEGER NOT NULL, 
	late INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	wake BIGINT, 
	marker VARCHAR(13) NOT NULL, 
	attempt INTEGER NOT NULL, 
	token INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	lease BIGINT, 
	deadline BIGINT, 
	draft VARCHAR(16), 
	revision VARCHAR(64), 
	origin VARCHAR NOT NULL, 
	member VARCHAR NOT NULL, 
	frozen VARCHAR(64), 
	looks INTEGER NOT NULL, 
	remote_id VARCHAR NOT NULL, 
	url TEXT NOT NULL, 
	finished BIGINT, 
	verdict VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(slot) REFERENCES slot (id), 
	CONSTRAINT uq_delivery_channel_marker UNIQUE (channel, marker), 
	CONSTRAINT uq_delivery_slot_channel UNIQUE (slot, channel)
);
INSERT INTO "delivery" VALUES(1,'notes@2026-11-27T12:00','blog','notes',1795780800000000,600,43200,'published',NULL,'sqlldikmlqd4s',1,1,'',NULL,1795784400000000,'d1','r1','ugc','alice','44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',0,'id-1','https://blog.example/1',1795780800000000,'kept','','');
INSERT INTO "delivery" VALUES(2,'notes@2026-11-27T12:00','mail','notes',1795780800000000,600,43200,'unknown',NULL,'ax5qfjlrbawtz',1,1,'',NULL,1795784400000000,'d1','r1','ugc','alice','44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',0,'','',NULL,'','','');
INSERT INTO "delivery" VALUES(3,'notes@2026-11-27T12:00','far','notes',1795780800000000,600,43200,'refused',NULL,'4ss3g6tkvo2c6',1,1,'',NULL,1795784400000000,'d1','r1','ugc','alice','44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',0,'','',NULL,'','','');
INSERT INTO "delivery" VALUES(4,'notes@2026-11-27T12:00','kit','notes',1795780800000000,600,43200,'handed',NULL,'nnasd4gobtedq',1,1,'',NULL,1795784400000000,'d1','r1','ugc','alice','44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',0,'kit-1','',NULL,'','','');
INSERT INTO "delivery" VALUES(5,'notes@2026-11-27T13:00','blog','notes',1795784400000000,600,43200,'planned',1795827600000000,'asku3rouwljxm',0,0,'',NULL,NULL,NULL,NULL,'','',NULL,0,'','',NULL,'','','');
CREATE TABLE draft (
	id VARCHAR(16) NOT NULL, 
	path VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	origin VARCHAR NOT NULL, 
	member VARCHAR NOT NULL, 
	form VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	revision VARCHAR(64) NOT NULL, 
	state VARCHAR NOT NULL, 
	first_seen BIGINT NOT NULL, 
	changed BIGINT NOT NULL, 
	approved_revision VARCHAR(64), 
	approved_at BIGINT, 
	approved_by VARCHAR NOT NULL, 
	"plan" JSON NOT NULL, held VARCHAR DEFAULT '' NOT NULL, resembles VARCHAR DEFAULT '' NOT NULL, published_before BIGINT, circle VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "draft" VALUES('d1','ugc/alice/d1.md','folder','ugc','alice','article','今天','r1','approved',1795780800000000,1795780800000000,'r1',NULL,'','{}','','',NULL,'');
INSERT INTO "draft" VALUES('d0','pgc/d0.md','folder','pgc','','article','旧','r0','rejected',1795780800000000,1795780800000000,NULL,NULL,'','{}','','',NULL,'');
CREATE TABLE draft_label (
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	draft VARCHAR(16) NOT NULL, 
	PRIMARY KEY (kind, name, draft), 
	FOREIGN KEY(draft) REFERENCES draft (id) ON DELETE CASCADE
);
INSERT INTO "draft_label" VALUES('language','','d1');
INSERT INTO "draft_label" VALUES('tag','上海','d0');
INSERT INTO "draft_label" VALUES('tag','walks','d0');
INSERT INTO "draft_label" VALUES('series','notes','d0');
INSERT INTO "draft_label" VALUES('language','zh-cn','d0');
CREATE TABLE event (
	id INTEGER NOT NULL, 
	delivery BIGINT, 
	at BIGINT NOT NULL, 
	kind VARCHAR NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "event" VALUES(1,1,1795780800000000,'claimed','worker');
INSERT INTO "event" VALUES(2,2,1795780800000000,'claimed','worker');
INSERT INTO "event" VALUES(3,3,1795780800000000,'claimed','worker');
INSERT INTO "event" VALUES(4,4,1795780800000000,'claimed','worker');
INSERT INTO "event" VALUES(5,1,1795780800000000,'frozen','');
INSERT INTO "event" VALUES(6,2,1795780800000000,'frozen','');
INSERT INTO "event" VALUES(7,3,1795780800000000,'frozen','');
INSERT INTO "event" VALUES(8,4,1795780800000000,'frozen','');
INSERT INTO "event" VALUES(9,1,1795780800000000,'sending','');
INSERT INTO "event" VALUES(10,2,1795780800000000,'sending','');
INSERT INTO "event" VALUES(11,3,1795780800000000,'sending','');
INSERT INTO "event" VALUES(12,4,1795780800000000,'sending','');
INSERT INTO "event" VALUES(13,2,1795780800000000,'step','part-1 remote-1');
INSERT INTO "event" VALUES(14,1,1795780800000000,'published','https://blog.example/1');
INSERT INTO "event" VALUES(15,2,1795780800000000,'unknown','');
INSERT INTO "event" VALUES(16,3,1795780800000000,'refused','');
INSERT INTO "event" VALUES(17,4,1795780800000000,'handed','kit-1');
INSERT INTO "event" VALUES(18,1,1795780800000000,'revising','editor');
INSERT INTO "event" VALUES(19,1,1795780800000000,'amendment refused','no');
CREATE TABLE feed (
	"key" VARCHAR(16) NOT NULL, 
	member VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	etag VARCHAR NOT NULL, 
	modified VARCHAR NOT NULL, 
	baseline BOOLEAN NOT NULL, 
	gone BOOLEAN NOT NULL, 
	failures INTEGER NOT NULL, 
	last_ok BIGINT, 
	next_at BIGINT, 
	message VARCHAR NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "feed" VALUES('f','alice','https://alice.example/…feed','','',0,0,0,1795780800000000,NULL,'');
CREATE TABLE feed_item (
	feed VARCHAR(16) NOT NULL, 
	guid VARCHAR NOT NULL, 
	link VARCHAR NOT NULL, 
	content_hash VARCHAR(64) NOT NULL, 
	draft VARCHAR(16), 
	at BIGINT NOT NULL, published BIGINT, pending BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (feed, guid)
);
INSERT INTO "feed_item" VALUES('f','g','https://alice.example/1','','d1',1795780800000000,NULL,0);
CREATE TABLE frozen (
	delivery BIGINT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	post BLOB NOT NULL, 
	at BIGINT NOT NULL, packed BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (delivery), 
	FOREIGN KEY(delivery) REFERENCES delivery (id)
);
INSERT INTO "frozen" VALUES(1,'44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',X'7B7D',1795780800000000,0);
INSERT INTO "frozen" VALUES(2,'44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',X'7B7D',1795780800000000,0);
INSERT INTO "frozen" VALUES(3,'44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',X'7B7D',1795780800000000,0);
INSERT INTO "frozen" VALUES(4,'44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',X'7B7D',1795780800000000,0);
CREATE TABLE handin (
	the_class VARCHAR NOT NULL, 
	slot VARCHAR NOT NULL, 
	member VARCHAR NOT NULL, 
	due BIGINT NOT NULL, 
	verdict VARCHAR NOT NULL, 
	draft VARCHAR(16), 
	revision VARCHAR(64), 
	at BIGINT, 
	seen BIGINT, 
	"by" VARCHAR NOT NULL, 
	made_up_at BIGINT, 
	made_up_by VARCHAR(16), 
	closes BIGINT, 
	note TEXT NOT NULL, 
	PRIMARY KEY (the_class, slot, member)
);
INSERT INTO "handin" VALUES('c1','c1@1','alice',1795780800000000,'missed',NULL,NULL,NULL,NULL,'',NULL,NULL,1795784400000000,'');
CREATE TABLE idempotency (
	person VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	request VARCHAR(64) NOT NULL, 
	status INTEGER, 
	body TEXT NOT NULL, 
	made BIGINT NOT NULL, 
	PRIMARY KEY (person, "key")
);
INSERT INTO "idempotency" VALUES('ann','k','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',NULL,'',1795780800000000);
CREATE TABLE invite (
	hash VARCHAR(64) NOT NULL, 
	member VARCHAR NOT NULL, 
	made BIGINT NOT NULL, 
	who VARCHAR NOT NULL, 
	expires BIGINT NOT NULL, 
	revoked BIGINT, 
	used BIGINT, 
	PRIMARY KEY (hash)
);
INSERT INTO "invite" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','alice',1795780800000000,'editor',1795784400000000,NULL,NULL);
CREATE TABLE member_standing (
	id INTEGER NOT NULL, 
	member VARCHAR NOT NULL, 
	the_class VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	what VARCHAR NOT NULL, 
	first VARCHAR(10) NOT NULL, 
	last VARCHAR(10) NOT NULL, 
	who VARCHAR NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "member_standing" VALUES(1,'alice','c1',1795780800000000,'warned','','','ann','twice late');
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('secret','5555555555555555555555555555555555555555555555555555555555555555');
INSERT INTO "meta" VALUES('program','0.1.0');
INSERT INTO "meta" VALUES('stock','7fb9c79e53d1c997');
INSERT INTO "meta" VALUES('intents','4');
INSERT INTO "meta" VALUES('tick','2026-11-27T12:00:00+00:00');
CREATE TABLE person (
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	series JSON NOT NULL, 
	password TEXT NOT NULL, 
	made BIGINT NOT NULL, 
	ended BIGINT, 
	language VARCHAR, 
	PRIMARY KEY (name)
);
INSERT INTO "person" VALUES('ann','editor','["notes"]','$argon2id$',1795780800000000,NULL,NULL);
CREATE TABLE problem (
	path VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	line INTEGER, 
	message VARCHAR NOT NULL, 
	hint VARCHAR NOT NULL, 
	PRIMARY KEY (path)
);
INSERT INTO "problem" VALUES('ugc/bob/x.md',1795780800000000,3,'["no title", "no title"]','["write one", "write one"]');
CREATE TABLE publish_request (
	id INTEGER NOT NULL, 
	slot VARCHAR NOT NULL, 
	series VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	draft VARCHAR(16) NOT NULL, 
	revision VARCHAR(64) NOT NULL, 
	who VARCHAR NOT NULL, 
	via VARCHAR NOT NULL, 
	why TEXT NOT NULL, 
	asked BIGINT NOT NULL, 
	state VARCHAR NOT NULL, 
	answered BIGINT, 
	answered_by VARCHAR NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "publish_request" VALUES(1,'notes@1','notes',1795780800000000,'d1','r1','ann','mcp','',1795780800000000,'open',NULL,'','');
CREATE TABLE receipt (
	delivery BIGINT NOT NULL, 
	remote_id VARCHAR NOT NULL, 
	url TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	seen VARCHAR NOT NULL, 
	detail JSON NOT NULL, 
	PRIMARY KEY (delivery), 
	FOREIGN KEY(delivery) REFERENCES delivery (id)
);
INSERT INTO "receipt" VALUES(1,'id-1','https://blog.example/1',1795780800000000,'answer','{"parts": ["1"]}');
INSERT INTO "receipt" VALUES(4,'kit-1','',1795780800000000,'answer','{}');
CREATE TABLE record_week (
	monday VARCHAR(10) NOT NULL, 
	counts TEXT NOT NULL, 
	PRIMARY KEY (monday)
);
INSERT INTO "record_week" VALUES('','[]');
INSERT INTO "record_week" VALUES('2026-11-16','[]');
CREATE TABLE revision (
	hash VARCHAR(64) NOT NULL, 
	draft VARCHAR(16) NOT NULL, 
	at BIGINT NOT NULL, 
	content JSON NOT NULL, own_at BIGINT, letters INTEGER, 
	PRIMARY KEY (hash, draft), 
	FOREIGN KEY(draft) REFERENCES draft (id)
);
INSERT INTO "revision" VALUES('r1','d1',1795780800000000,'{}',NULL,NULL);
INSERT INTO "revision" VALUES('r0','d0',1795780800000000,'{"tags": ["\u4e0a\u6d77", "Walks"], "series": ["notes"], "language": "zh-CN"}',NULL,NULL);
CREATE TABLE session (
	hash VARCHAR(64) NOT NULL, 
	person VARCHAR NOT NULL, 
	made BIGINT NOT NULL, 
	expires BIGINT NOT NULL, 
	used BIGINT NOT NULL, 
	ended BIGINT, 
	PRIMARY KEY (hash), 
	FOREIGN KEY(person) REFERENCES person (name)
);
INSERT INTO "session" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','ann',1795780800000000,1795784400000000,1795780800000000,NULL);
CREATE TABLE slot (
	id VARCHAR NOT NULL, 
	series VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	local VARCHAR NOT NULL, 
	occasion VARCHAR NOT NULL, 
	draft VARCHAR(16), 
	filled BOOLEAN NOT NULL, 
	why VARCHAR NOT NULL, 
	excused VARCHAR NOT NULL, 
	manual BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "slot" VALUES('notes@2026-11-27T12:00','notes',1795780800000000,'2026-11-27T12:00','','d1',0,'','',0);
INSERT INTO "slot" VALUES('notes@2026-11-27T13:00','notes',1795784400000000,'2026-11-27T13:00','',NULL,0,'','',0);
CREATE TABLE step (
	delivery BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	begun BIGINT NOT NULL, 
	value VARCHAR, 
	PRIMARY KEY (delivery, name), 
	FOREIGN KEY(delivery) REFERENCES delivery (id)
);
INSERT INTO "step" VALUES(2,'part-1',1795780800000000,'"remote-1"');
CREATE INDEX ix_draft_path ON draft (path);
CREATE INDEX ix_draft_revision ON draft (revision);
CREATE INDEX ix_draft_state ON draft (state);
CREATE INDEX ix_event_delivery ON event (delivery);
CREATE INDEX ix_feed_item_hash ON feed_item (feed, content_hash);
CREATE INDEX ix_feed_item_link ON feed_item (feed, link);
CREATE INDEX ix_slot_at ON slot (at);
CREATE INDEX ix_slot_draft ON slot (draft);
CREATE INDEX ix_slot_series_at ON slot (series, at);
CREATE INDEX ix_delivery_record ON delivery (channel, at, verdict, finished, series, origin, member);
CREATE INDEX ix_delivery_wake ON delivery (wake) WHERE wake IS NOT NULL;
CREATE INDEX ix_session_person ON session (person);
CREATE INDEX ix_api_token_person ON api_token (person);
CREATE UNIQUE INDEX uq_ask_standing ON ask (slot) WHERE state IN ('open', 'taken');
CREATE INDEX ix_ask_at ON ask (at);
CREATE INDEX ix_ask_member ON ask (member, at);
CREATE INDEX ix_ask_slot ON ask (slot);
CREATE INDEX ix_ask_draft ON ask (draft);
CREATE INDEX ix_delivery_freed ON delivery (slot) WHERE state IN ('missed', 'cancelled', 'excused');
CREATE INDEX ix_delivery_open ON delivery (state, at) WHERE verdict = '';
CREATE INDEX ix_draft_given ON draft (origin, member, first_seen, state);
CREATE UNIQUE INDEX uq_publish_request_open ON publish_request (slot) WHERE state = 'open';
CREATE INDEX ix_publish_request_state ON publish_request (state, at);
CREATE INDEX ix_draft_label_draft ON draft_label (draft);
CREATE INDEX ix_draft_approved ON draft (approved_at, path) WHERE approved_revision IS NOT NULL;
CREATE INDEX ix_arrival_day ON arrival (day);
CREATE INDEX ix_handin_member ON handin (member, due);
CREATE INDEX ix_handin_draft ON handin (draft);
CREATE INDEX ix_member_standing_class ON member_standing (the_class, at);
CREATE INDEX ix_member_standing_member ON member_standing (member, at);
CREATE INDEX ix_comment_reviewer ON comment (reviewer, due);
CREATE INDEX ix_comment_author ON comment (author, due);
CREATE INDEX ix_frozen_plain ON frozen (at) WHERE NOT packed;
CREATE INDEX ix_delivery_out ON delivery (draft, slot, series, at, origin, member) WHERE draft IS NOT NULL AND state IN ('sending', 'unknown', 'handed', 'published', 'seen', 'confirmed', 'withdrawn');
COMMIT;
