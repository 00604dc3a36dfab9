// The README's first five minutes through the client that is generated from openapi.yaml.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

type Schemas = components["schemas"];

const { STIPPLE_URL: baseUrl, STIPPLE_KEY: key } = process.env;
assert(baseUrl && key, "set STIPPLE_URL and STIPPLE_KEY");
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

/** What was answered, where it was what had to come. */
function got<T>(answer: { data?: T; error?: unknown; response: Response }, status: number): T {
  assert.equal(answer.response.status, status, JSON.stringify(answer.error));
  assert(answer.data !== undefined);
  return answer.data;
}

/** The problem, where there had to be one. */
function refused(answer: { error?: Schemas["Problem"]; response: Response }, status: number): Schemas["Problem"] {
  assert.equal(answer.response.status, status);
  assert(answer.error !== undefined);
  assert.equal(answer.error.status, status);
  return answer.error;
}

function tag(answer: { response: Response }): string {
  const tag = answer.response.headers.get("ETag");
  assert(tag);
  return tag;
}

function day(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

const merge = { "Content-Type": "application/merge-patch+json" };
const week: Schemas["Weekday"][] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

// A studio, its room, its practitioner, its client.
const studio = got(
  await api.POST("/v1/studios", {
    body: {
      name: "Example Studio",
      sender_name: "Studio Example",
      time_zone: "Atlantic/Reykjavik",
      telephone: "+354 555 0100",
      opening_hours: week.map((weekday) => ({ weekday, from: "09:00", until: "18:00" })),
    },
  }),
  201,
);
got(await api.POST("/v1/studios/{id}/rooms", { params: { path: { id: studio.id } }, body: { name: "Room 1" } }), 201);
const practitioner = got(
  await api.POST("/v1/practitioners", {
    body: {
      name: "Björk Dæmi",
      working_hours: week.map((weekday) => ({ studio_id: studio.id, weekday, from: "09:00", until: "17:00" })),
    },
  }),
  201,
);
const registered = await api.POST("/v1/clients", {
  body: { studio_id: studio.id, given_name: "Zoë", family_name: "Beispiel", email: "zoe@client.example" },
});
const client = got(registered, 201);
assert.equal(registered.response.headers.get("Location"), `/v1/clients/${client.id}`);
const ofClient = { path: { id: client.id } };

// A patch: what is absent stays, null clears, and a stale one changes nothing.
const firstTag = tag(registered);
const named = await api.PATCH("/v1/clients/{id}", {
  params: { ...ofClient, header: { "If-Match": firstTag } },
  headers: merge,
  body: { preferred_name: "Zo", telephone: "+354 555 0101" },
});
assert.equal(got(named, 200).email, "zoe@client.example");
const cleared = got(
  await api.PATCH("/v1/clients/{id}", {
    params: { ...ofClient, header: { "If-Match": tag(named) } },
    headers: merge,
    body: { preferred_name: null },
  }),
  200,
);
assert.equal(cleared.preferred_name, null);
assert.equal(cleared.telephone, "+354 555 0101");
const stale = await api.PATCH("/v1/clients/{id}", {
  params: { ...ofClient, header: { "If-Match": firstTag } },
  headers: merge,
  body: { telephone: null },
});
assert.equal(refused(stale, 412).code, "stale_version");
const read = await api.GET("/v1/clients/{id}", { params: ofClient });
assert.equal(got(read, 200).telephone, "+354 555 0101");
const unchanged = await api.GET("/v1/clients/{id}", { params: { ...ofClient, header: { "If-None-Match": tag(read) } } });
assert.equal(unchanged.response.status, 304);

// The consultation and what was found in it.
const consultation = got(
  await api.POST("/v1/sessions", {
    body: {
      client_id: client.id,
      kind: "consultation",
      practitioner_id: practitioner.id,
      duration_minutes: 45,
      booking: { local_start: `${day(1)}T10:00` },
    },
  }),
  201,
);
assert.equal(consultation.state, "booked");
got(
  await api.POST("/v1/sessions/{id}/complete", { params: { path: { id: consultation.id } }, body: {} }),
  200,
);
const assessment = got(
  await api.POST("/v1/assessments", {
    body: {
      client_id: client.id,
      practitioner_id: practitioner.id,
      session_id: consultation.id,
      indication: "receding_hairline",
      norwood: "3",
      fitzpatrick: "2",
      goals: "A soft hairline.",
    },
  }),
  201,
);

// A plan; sent again with the same key it's the same plan.
const plan: Schemas["NewPlan"] = {
  client_id: client.id,
  practitioner_id: practitioner.id,
  assessment_id: assessment.id,
  indication: "receding_hairline",
  treatment_sessions: 3,
  session_minutes: 180,
};
const once = { header: { "Idempotency-Key": crypto.randomUUID() } };
const opened = await api.POST("/v1/plans", { params: once, body: plan });
const repeated = await api.POST("/v1/plans", { params: once, body: plan });
assert.equal(opened.response.headers.get("Idempotency-Replayed"), null);
assert.equal(repeated.response.headers.get("Idempotency-Replayed"), "true");
assert.deepEqual(got(repeated, 201), got(opened, 201));
const other = await api.POST("/v1/plans", { params: once, body: { ...plan, session_minutes: 120 } });
assert.equal(refused(other, 422).code, "idempotency_key_reused");

const sessions = got(
  await api.GET("/v1/plans/{id}/sessions", { params: { path: { id: got(opened, 201).id } } }),
  200,
).data;
assert.deepEqual(sessions.map((session) => session.state), ["planned", "planned", "planned"]);
const [first, second] = sessions;
assert(first && second);

// What is offered can be booked.
const free = got(
  await api.GET("/v1/availability", {
    params: { query: { session_id: first.id, from_day: day(10), until_day: day(12) } },
  }),
  200,
);
const slot = free.data[0];
assert(slot);
const booked = got(
  await api.POST("/v1/sessions/{id}/book", {
    params: { path: { id: first.id } },
    body: { starts_at: slot.starts_at },
  }),
  200,
);
assert.equal(booked.state, "booked");

async function steps(session: string): Promise<string[]> {
  const coming = got(
    await api.GET("/v1/reminders", {
      params: { query: { session_id: session, state: ["scheduled"], due_from: `${day(2)}T00:00:00Z` } },
    }),
    200,
  );
  return coming.data.map((reminder) => reminder.step);
}
assert.deepEqual(await steps(first.id), ["preparation", "confirm_request", "final_reminder"]);

// What went into the skin, in one transaction with the completion.
const product = got(
  await api.POST("/v1/products", {
    body: { kind: "pigment", maker: "Example Pigments", brand: "Exemplar", shade: "Ash 3" },
  }),
  201,
);
const lot = got(
  await api.POST("/v1/lots", { body: { product_id: product.id, code: "X-1042", expires_on: day(400) } }),
  201,
);
const completed = got(
  await api.POST("/v1/sessions/{id}/complete", {
    params: { path: { id: first.id } },
    body: {
      pigment_records: [
        {
          session_id: first.id,
          zones: [{ zone: "hairline", density_percent: 25, layer: 1 }],
          mix: { pigments: [{ lot_id: lot.id, drops: 10 }] },
        },
      ],
    },
  }),
  200,
);
assert.equal(completed.state, "completed");
const uses = got(await api.GET("/v1/lots/{id}/uses", { params: { path: { id: lot.id } } }), 200);
assert.deepEqual(uses.data.map((use) => use.session_id), [first.id]);

// The second session: too early, then booked, then moved.
const ofSecond = { path: { id: second.id } };
const early = await api.POST("/v1/sessions/{id}/book", {
  params: ofSecond,
  body: { local_start: `${day(3)}T10:00` },
});
assert.equal(refused(early, 409).errors[0]?.code, "gap_too_short");
const onTime = await api.POST("/v1/sessions/{id}/book", {
  params: ofSecond,
  body: { local_start: `${day(12)}T10:00` },
});
const before = got(onTime, 200).schedule_version;
const move = { local_start: `${day(14)}T13:00` };
// @ts-expect-error The types know that a move must say which version it was decided on.
const blind = await api.POST("/v1/sessions/{id}/reschedule", { params: ofSecond, body: move });
assert.equal(refused(blind, 428).code, "if_match_required");
const moved = got(
  await api.POST("/v1/sessions/{id}/reschedule", {
    params: { ...ofSecond, header: { "If-Match": tag(onTime) } },
    body: move,
  }),
  200,
);
assert(moved.schedule_version > before);
assert.deepEqual(await steps(second.id), ["preparation", "confirm_request", "final_reminder"]);

// A rule's timing is a choice that its tag tells apart.
const rules = got(
  await api.GET("/v1/studios/{id}/reminder-rules", { params: { path: { id: studio.id } } }),
  200,
).data;
const beforeStart = rules.map((rule) => rule.timing).filter((timing) => timing.relative_to === "start");
assert(beforeStart.length > 0 && beforeStart.every((timing) => timing.hours_before > 0));

// Pages, followed to the end.
const seen: string[] = [];
let cursor: string | undefined;
do {
  const page = got(
    await api.GET("/v1/sessions", { params: { query: { limit: 2, ...(cursor ? { cursor } : {}) } } }),
    200,
  );
  seen.push(...page.data.map((session) => session.id));
  cursor = page.next_cursor ?? undefined;
} while (cursor);
assert.equal(new Set(seen).size, 4);

console.log("TypeScript: the story holds");
