//! Random schemas of the supported words, values that mostly conform to them, and small changes to such values.

use serde_json::{Map, Value, json};

/// Random choices that a seed decides.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`: SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % bound as u64).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// Names of declared properties; those of undeclared ones are [`EXTRA`].
const NAMES: &[&str] = &["id", "name", "count", "fn", "x-y", "Größe"];

/// Names of properties that no schema declares: an open struct does not keep them.
const EXTRA: &[&str] = &["extra", "extra-2"];

/// Patterns with texts that match, and often others that do not.
const PATTERNS: &[(&str, &[&str])] = &[
    ("^[a-z]+$", &["abc", "z"]),
    ("[0-9]{2}", &["a12", "99"]),
    ("^(on|off)$", &["on", "off"]),
    ("^fixed$", &["fixed"]),
];

const FORMATS: &[(&str, &[&str])] = &[
    (
        "date-time",
        &["2026-11-22T20:15:00Z", "2026-02-28T00:00:00.5+01:00"],
    ),
    ("date", &["2024-02-29"]),
    ("uuid", &["123e4567-e89b-12d3-a456-426614174000"]),
    ("email", &["joe.bloggs@example.com"]),
    ("ipv4", &["192.168.0.1"]),
    ("ipv6", &["::1"]),
    ("uri", &["https://example.com/a?b#c"]),
];

/// What `$ref` can lead to in every document here.
pub fn definitions() -> Value {
    json!({
        "Tree": {
            "type": "object",
            "properties": {
                "label": {"type": "string", "maxLength": 5},
                "left": {"$ref": "#/components/schemas/Tree"},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}, "maxItems": 2},
            },
        },
        "Expression": {
            "oneOf": [
                {"type": "integer"},
                {"type": "array", "items": {"$ref": "#/components/schemas/Expression"}, "minItems": 1},
            ],
        },
        "Money": {
            "type": "object",
            "required": ["unit", "cents"],
            "properties": {"unit": {"const": "EUR"}, "cents": {"type": "integer", "minimum": 0}},
        },
        "Level": {"type": "string", "enum": ["low", "high"]},
    })
}

/// A schema; `depth` is how many levels of schemas it may hold.
pub fn schema(dice: &mut Dice, depth: usize) -> Value {
    if depth == 0 || dice.chance(30) {
        return scalar(dice);
    }
    match dice.below(18) {
        0 => list(dice, depth),
        1 => tuple(dice, depth),
        2..=4 => object(dice, depth),
        5 => map(dice, depth),
        6 | 7 => all_of(dice, depth),
        8 => tagged(dice, depth),
        9 => {
            json!({"oneOf": [scalar_of(dice, "string"), scalar_of(dice, "integer"), object(dice, depth)]})
        }
        10 => by_keys(dice, depth),
        11 => json!({"anyOf": [schema(dice, depth - 1), {"type": "null"}]}),
        12 => reference(dice),
        13 => beside_alternatives(dice, depth),
        14 => nested_tag(dice, depth),
        15 => {
            let mut object = object(dice, depth);
            object["nullable"] = json!(true);
            object
        }
        16 => untold(dice, depth),
        _ => {
            json!({"type": ["string", "integer", "array"], "items": scalar(dice), "maxLength": 3, "maxItems": 2})
        }
    }
}

/// An object of two parts, which may speak of one property.
fn all_of(dice: &mut Dice, depth: usize) -> Value {
    let [mut one, mut other] = [0; 2].map(|_| object(dice, depth));
    open_shared(&mut one, &mut other);
    json!({"allOf": [one, other]})
}

/// Alternatives with a constant of their own, and an object beside them.
fn beside_alternatives(dice: &mut Dice, depth: usize) -> Value {
    let mut alternatives = tagged(dice, depth);
    let mut beside = object(dice, depth);
    for alternative in alternatives["oneOf"].as_array_mut().unwrap() {
        open_shared(alternative, &mut beside);
    }
    beside["oneOf"] = alternatives["oneOf"].take();
    beside
}

/// Of a property of which two objects speak, no one rules out what the other one says: that is loosened one level above only.
fn open_shared(one: &mut Value, other: &mut Value) {
    let [first, again] = [one, other].map(|object| object["properties"].as_object_mut().unwrap());
    for (name, schema) in first {
        if let Some(again) = again.get_mut(name) {
            open(schema);
            open(again);
        }
    }
}

/// Takes out of a schema what it says of properties that it does not list.
fn open(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(open),
        // What is said beside alternatives that nothing tells apart is not checked.
        Value::Object(members) if members.contains_key("x-untold") => members.clear(),
        Value::Object(members) => {
            let closing = [
                "additionalProperties",
                "patternProperties",
                "propertyNames",
                "minProperties",
                "maxProperties",
            ];
            members.retain(|keyword, _| !closing.contains(&keyword.as_str()));
            members.values_mut().for_each(open);
        }
        _ => {}
    }
}

/// A reference, often with something said beside it.
fn reference(dice: &mut Dice) -> Value {
    let name = *dice.pick(&["Tree", "Expression", "Money", "Level"]);
    let mut schema = json!({"$ref": format!("#/components/schemas/{name}")});
    match (name, dice.below(3)) {
        ("Money", 0) => schema["properties"] = json!({"note": {"type": "string"}}),
        ("Money", 1) => schema["properties"] = json!({"cents": {"type": "integer", "maximum": 9}}),
        ("Tree", 0) => schema["required"] = json!(["label"]),
        ("Level", 0) => schema["enum"] = json!(["high", "higher"]),
        (_, 1) => schema["description"] = json!("Said beside a reference."),
        _ => {}
    }
    schema
}

fn scalar(dice: &mut Dice) -> Value {
    match dice.below(17) {
        0 => json!({"type": "boolean"}),
        1 | 2 => scalar_of(dice, "integer"),
        3 => scalar_of(dice, "number"),
        4 | 5 => scalar_of(dice, "string"),
        6 => json!({"type": "string", "enum": ["a", "b", "", "1st"]}),
        7 => json!({"enum": dice.pick(&[json!([1, 2, -3]), json!([1, "a"]), json!(["x", null])])}),
        8 => json!({"const": dice.pick(&[json!("only"), json!(7)])}),
        9 => {
            let kind = *dice.pick(&["string", "integer", "boolean"]);
            json!({"type": [kind, "null"]})
        }
        10 => {
            let kind = *dice.pick(&["string", "integer", "boolean"]);
            json!({"type": kind, "nullable": true})
        }
        11 | 12 => several(dice),
        13 => constants(dice),
        14 => {
            let keyword = *dice.pick(&["oneOf", "anyOf"]);
            let kind = *dice.pick(&["string", "number"]);
            let other = if kind == "number" && dice.chance(50) {
                "integer"
            } else {
                kind
            };
            json!({keyword: [scalar_of(dice, kind), scalar_of(dice, other)]})
        }
        15 => json!({"anyOf": [{"type": "string"}, {"type": "string", "enum": ["a", "b"]}]}),
        _ => json!({}),
    }
}

/// A scalar of which several schemas speak.
fn several(dice: &mut Dice) -> Value {
    let kind = *dice.pick(&["string", "integer", "number"]);
    let listed = match kind {
        "string" => json!({"enum": ["on", "fixed", "a12", "", "abc", "2024-02-29"]}),
        _ => json!({"enum": [0, 1, 3, 4, 9, 12]}),
    };
    let [one, other] = [0; 2].map(|_| scalar_of(dice, kind));
    match dice.below(4) {
        0 => json!({"allOf": [one, other]}),
        1 => json!({"allOf": [one, listed]}),
        2 => json!({"allOf": [listed, one, other]}),
        _ => json!({"allOf": [listed, {"enum": ["on", "abc", 3, 4]}]}),
    }
}

/// An enumeration with a schema for each value.
fn constants(dice: &mut Dice) -> Value {
    let values: &[Value] = match dice.below(3) {
        0 => &[json!("buy"), json!("sell")],
        1 => &[json!(1), json!(2), json!(3)],
        _ => &[json!("auto"), json!(0)],
    };
    let alternatives: Vec<Value> = values
        .iter()
        .map(|value| match dice.below(3) {
            0 => json!({"enum": [value]}),
            1 => json!({"const": value, "title": "The one"}),
            _ => json!({"const": value, "description": "Said of one value."}),
        })
        .collect();
    let keyword = *dice.pick(&["oneOf", "anyOf"]);
    json!({keyword: alternatives})
}

fn scalar_of(dice: &mut Dice, kind: &str) -> Value {
    let mut schema = json!({"type": kind});
    match (kind, dice.below(4)) {
        ("integer" | "number", 0) => {
            schema["minimum"] = json!(dice.below(3));
            schema["maximum"] = json!(5 + dice.below(10));
        }
        ("integer" | "number", 1) => schema["exclusiveMinimum"] = json!(-2),
        ("integer", 2) => schema["multipleOf"] = json!(3),
        ("number", 2) => schema["multipleOf"] = json!(0.5),
        ("string", 0) => {
            schema["minLength"] = json!(dice.below(3));
            schema["maxLength"] = json!(3 + dice.below(3));
        }
        ("string", 1) => schema["pattern"] = json!(dice.pick(PATTERNS).0),
        ("string", 2) => schema["format"] = json!(dice.pick(FORMATS).0),
        _ => {}
    }
    schema
}

fn list(dice: &mut Dice, depth: usize) -> Value {
    let mut schema = json!({"type": "array", "items": schema(dice, depth - 1)});
    match dice.below(4) {
        0 => schema["minItems"] = json!(1),
        1 => schema["maxItems"] = json!(2),
        2 => {
            // Objects are compared without what their schema does not list.
            schema["items"] = scalar(dice);
            schema["uniqueItems"] = json!(true);
        }
        _ => {}
    }
    schema
}

/// A list with a schema for each position, and often nothing behind them.
fn tuple(dice: &mut Dice, depth: usize) -> Value {
    let count = 1 + dice.below(3);
    let positions: Vec<Value> = (0..count).map(|_| schema(dice, depth - 1)).collect();
    let mut schema = json!({"type": "array", "prefixItems": positions});
    match dice.below(4) {
        0 => {
            schema["items"] = json!(false);
            schema["minItems"] = json!(count);
        }
        1 => {}
        _ => {
            schema["minItems"] = json!(count);
            schema["maxItems"] = json!(count);
        }
    }
    schema
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let mut properties = Map::new();
    for _ in 0..1 + dice.below(4) {
        properties.insert((*dice.pick(NAMES)).to_owned(), schema(dice, depth - 1));
    }
    let names: Vec<String> = properties.keys().cloned().collect();
    let required: Vec<&String> = names.iter().filter(|_| dice.chance(50)).collect();
    let mut schema = json!({"type": "object", "properties": properties, "required": required});
    match dice.below(6) {
        0 => schema["additionalProperties"] = json!(false),
        1 => schema["additionalProperties"] = scalar(dice),
        _ => {}
    }
    schema
}

fn map(dice: &mut Dice, depth: usize) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": schema(dice, depth - 1)});
    match dice.below(6) {
        0 => schema["propertyNames"] = json!({"maxLength": 6}),
        1 => schema["propertyNames"] = json!({"pattern": "^[a-z]+$", "minLength": 2}),
        2 => {
            let values = schema
                .as_object_mut()
                .unwrap()
                .remove("additionalProperties");
            schema["patternProperties"] = json!({"^e": values});
            schema["additionalProperties"] = json!(false);
        }
        3 => schema["minProperties"] = json!(1),
        4 => schema["maxProperties"] = json!(1),
        _ => {}
    }
    schema
}

/// Alternatives with a constant of their own.
fn tagged(dice: &mut Dice, depth: usize) -> Value {
    let alternatives: Vec<Value> = ["start", "stop", "pause"]
        .iter()
        .map(|tag| {
            let mut alternative = object(dice, depth);
            alternative["properties"]["type"] = json!({"const": tag});
            alternative["required"]
                .as_array_mut()
                .unwrap()
                .push(json!("type"));
            alternative
        })
        .collect();
    json!({"oneOf": alternatives})
}

/// Alternatives with a constant of their own one level below.
fn nested_tag(dice: &mut Dice, depth: usize) -> Value {
    let alternatives: Vec<Value> = ["one", "two"]
        .iter()
        .map(|tag| {
            let mut alternative = object(dice, depth);
            alternative["properties"]["head"] = json!({"type": "object", "required": ["kind"], "properties": {"kind": {"const": tag}}});
            alternative["required"].as_array_mut().unwrap().push(json!("head"));
            alternative
        })
        .collect();
    json!({"oneOf": alternatives})
}

/// Alternatives that nothing tells apart; what one allows the other one does not.
fn untold(dice: &mut Dice, depth: usize) -> Value {
    let alternatives: Vec<Value> = ["count", "fn"]
        .iter()
        .map(|name| {
            let properties = json!({*name: list(dice, depth), "name": scalar_of(dice, "number")});
            json!({"type": "object", "properties": properties, "additionalProperties": false})
        })
        .collect();
    json!({"oneOf": alternatives, "x-untold": true})
}

/// Alternatives that are known by a required key.
fn by_keys(dice: &mut Dice, depth: usize) -> Value {
    let alternatives: Vec<Value> = ["hello", "bye"]
        .iter()
        .map(|key| json!({"type": "object", "required": [key], "properties": {*key: schema(dice, depth - 1)}}))
        .collect();
    json!({"oneOf": alternatives})
}

/// A value that mostly conforms to `schema`.
pub fn value(schema: &Value, dice: &mut Dice, depth: usize) -> Value {
    if schema.get("nullable").is_some() && dice.chance(20) {
        return Value::Null;
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(values) = schema.get("enum") {
        return dice.pick(values.as_array().unwrap()).clone();
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap();
        let mut target = definitions()[name].clone();
        for (name, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            target["properties"][name] = property.clone();
        }
        return value(&target, dice, depth.saturating_sub(1));
    }
    let own = own_value(schema, dice, depth);
    let chosen = ["oneOf", "anyOf"]
        .iter()
        .find_map(|keyword| schema.get(keyword));
    let chosen = chosen.map(|list| dice.pick(list.as_array().unwrap()));
    let all = schema.get("allOf").and_then(Value::as_array);
    let others = all.into_iter().flatten().chain(chosen);
    others.fold(own, |merged, other| {
        match (merged, value(other, dice, depth)) {
            (Value::Object(mut merged), Value::Object(other)) => {
                merged.extend(other);
                merged.into()
            }
            (_, other) => other,
        }
    })
}

fn own_value(schema: &Value, dice: &mut Dice, depth: usize) -> Value {
    let kind = match &schema["type"] {
        Value::Array(kinds) => dice.pick(kinds).as_str().unwrap(),
        Value::String(kind) => kind,
        _ if schema.get("properties").is_some() => "object",
        _ => return anything(dice),
    };
    match kind {
        "null" => Value::Null,
        "boolean" => json!(dice.chance(50)),
        "integer" => json!(number(schema, dice)),
        "number" if dice.chance(50) => json!(number(schema, dice) as f64 + 0.5),
        "number" => json!(number(schema, dice)),
        "string" => text(schema, dice).into(),
        "array" => items(schema, dice, depth),
        _ => members(schema, dice, depth),
    }
}

fn number(schema: &Value, dice: &mut Dice) -> i64 {
    let number = i64::try_from(dice.below(18)).unwrap() - 3;
    let step = schema
        .get("multipleOf")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    number * step
}

fn text(schema: &Value, dice: &mut Dice) -> String {
    for (keyword, samples) in [("pattern", PATTERNS), ("format", FORMATS)] {
        let wanted = schema.get(keyword).and_then(Value::as_str);
        if let Some((_, texts)) = samples.iter().find(|(name, _)| Some(*name) == wanted) {
            return (*dice.pick(texts)).to_owned();
        }
    }
    (0..dice.below(6))
        .map(|_| *dice.pick(&['a', 'ü', '0', '"']))
        .collect()
}

fn items(schema: &Value, dice: &mut Dice, depth: usize) -> Value {
    let positions = schema.get("prefixItems").and_then(Value::as_array);
    let rest = schema.get("items").filter(|items| items.is_object());
    let mut items: Vec<Value> = positions
        .into_iter()
        .flatten()
        .map(|position| value(position, dice, depth))
        .collect();
    if items.is_empty() && depth > 0 {
        let rest = rest.cloned().unwrap_or(json!({}));
        items.extend((0..dice.below(4)).map(|_| value(&rest, dice, depth - 1)));
    }
    items.into()
}

fn members(schema: &Value, dice: &mut Dice, depth: usize) -> Value {
    let mut members = Map::new();
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.contains(&json!(name)));
    for (name, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if is_required(name) || (depth > 0 && dice.chance(60)) {
            members.insert(name.clone(), value(property, dice, depth.saturating_sub(1)));
        }
    }
    let pattern = schema
        .get("patternProperties")
        .map(|patterns| &patterns["^e"]);
    let additional = pattern.or(schema.get("additionalProperties"));
    let wanted = if schema.get("properties").is_some() {
        20
    } else {
        70
    };
    if additional != Some(&json!(false)) && depth > 0 {
        for name in EXTRA {
            if dice.chance(wanted) {
                let additional = additional.cloned().unwrap_or(json!({}));
                members.insert((*name).to_owned(), value(&additional, dice, depth - 1));
            }
        }
    }
    members.into()
}

fn anything(dice: &mut Dice) -> Value {
    let choices = [
        json!(null),
        json!(true),
        json!(3),
        json!(-1.5),
        json!("text"),
        json!([1, "a"]),
        json!({"extra": 1}),
        json!({}),
    ];
    dice.pick(&choices).clone()
}

/// How often a value is changed: half of them stay as they are.
pub fn mutations(dice: &mut Dice) -> usize {
    *dice.pick(&[0, 0, 1, 2])
}

/// Changes one place of a value.
pub fn mutate(value: &mut Value, dice: &mut Dice) {
    let descend = dice.chance(75);
    match value {
        Value::Array(items) if descend && !items.is_empty() => {
            let index = dice.below(items.len());
            match dice.below(4) {
                0 => drop(items.remove(index)),
                1 => items.push(items[index].clone()),
                _ => mutate(&mut items[index], dice),
            }
        }
        Value::Object(members) if descend && !members.is_empty() => {
            let names: Vec<String> = members.keys().cloned().collect();
            let name = dice.pick(&names);
            match dice.below(5) {
                0 => drop(members.remove(name)),
                1 => drop(members.insert((*dice.pick(EXTRA)).to_owned(), anything(dice))),
                _ => mutate(&mut members[name], dice),
            }
        }
        Value::Number(number) if descend => {
            let number = number.as_f64().unwrap();
            *value = json!(number + dice.pick(&[0.0, 1.0, -1.0, 0.25, 100.0]));
        }
        Value::String(text) if descend => match dice.below(3) {
            0 => text.push('x'),
            1 => drop(text.pop()),
            _ => text.insert(0, 'X'),
        },
        _ => *value = anything(dice),
    }
}
