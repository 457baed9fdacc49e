//! Tables of a file, read key by key.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::Finding;
use super::value::{Raw, Value, Wrong, nearest};

/// A file that is being read.
pub struct Document<'a> {
    name: &'a str,
    text: &'a str,
    root: Spanned<DeTable<'a>>,
    findings: RefCell<Vec<(usize, Finding)>>,
}

impl<'a> Document<'a> {
    /// Parses `text`, the content of the file called `name`. Mistakes of syntax are findings.
    #[must_use]
    pub fn new(name: &'a str, text: &'a str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let document = Self {
            name,
            text,
            root,
            findings: RefCell::default(),
        };
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            let message = error.message().to_owned();
            let remedy = "mend this line; a key is written `name = value`, a text in quotes";
            document.report(at, String::new(), Wrong::new(message, remedy));
        }
        document
    }

    /// Reads the file with `read`; returns what it made of it, and all mistakes in their order.
    pub fn read<T>(
        self,
        read: impl FnOnce(&mut Section<'_>) -> Option<T>,
    ) -> (Option<T>, Vec<Finding>) {
        // A half understood file would give misleading follow-up mistakes.
        let value = if self.findings.borrow().is_empty() {
            let mut root = Section {
                document: &self,
                table: self.root.get_ref(),
                path: String::new(),
                at: 0,
                known: Vec::new(),
                free: false,
            };
            let value = read(&mut root);
            root.finish();
            value
        } else {
            None
        };
        let mut findings = self.findings.into_inner();
        findings.sort_by_key(|(at, _)| *at);
        (
            value,
            findings.into_iter().map(|(_, finding)| finding).collect(),
        )
    }

    fn report(&self, at: usize, key: String, wrong: Wrong) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let finding = Finding {
            file: self.name.into(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            key,
            problem: wrong.problem,
            remedy: wrong.remedy,
        };
        self.findings.borrow_mut().push((at, finding));
    }
}

/// One table: the whole file, `[name]`, or one of `[[name]]`.
pub struct Section<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    path: String,
    at: usize,
    known: Vec<&'static str>,
    /// Its keys are names that the author chose: none is unknown.
    free: bool,
}

impl<'d> Section<'d> {
    fn find(&mut self, key: &'static str) -> Option<(Range<usize>, &'d Spanned<DeValue<'d>>)> {
        self.known.push(key);
        let (name, value) = self
            .table
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)?;
        Some((name.span(), value))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.into()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Whether nothing stands in it, or it is not there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The value of `key`; `None` if it is not there or wrong.
    pub fn value<T: Value>(&mut self, key: &'static str) -> Option<T> {
        let (_, value) = self.find(key)?;
        match T::read(Raw::new(value.get_ref())) {
            Ok(read) => Some(read),
            Err(wrong) => {
                self.document
                    .report(value.span().start, self.path_of(key), wrong);
                None
            }
        }
    }

    /// The values in the list at `key`; those that are wrong are left out, and reported.
    pub fn list<T: Value>(&mut self, key: &'static str, example: &str) -> Vec<T> {
        let Some((_, value)) = self.find(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            let wrong = Wrong::not(Raw::new(value.get_ref()), "a list", example);
            self.document
                .report(value.span().start, self.path_of(key), wrong);
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items.iter() {
            match T::read(Raw::new(item.get_ref())) {
                Ok(read) => found.push(read),
                Err(wrong) => {
                    self.document
                        .report(item.span().start, self.path_of(key), wrong);
                }
            }
        }
        found
    }

    /// Every key and its value, in a table whose keys are names that the author chose.
    pub fn every<T: Value>(&mut self) -> Vec<(String, T)> {
        self.free = true;
        let mut found = Vec::new();
        for (name, value) in self.table {
            let name: &str = name.get_ref();
            match T::read(Raw::new(value.get_ref())) {
                Ok(read) => found.push((name.into(), read)),
                Err(wrong) => {
                    self.document
                        .report(value.span().start, self.path_of(name), wrong);
                }
            }
        }
        found
    }

    /// The value of `key`, which must be there; `why` says what it is for and what to write.
    pub fn required<T: Value>(&mut self, key: &'static str, why: &str) -> Option<T> {
        let is_there = self
            .table
            .iter()
            .any(|(name, _)| name.get_ref().as_ref() == key);
        if !is_there {
            let wrong = Wrong::new(format!("`{key}` is missing"), why);
            self.document.report(self.at, self.path_of(key), wrong);
        }
        self.value(key)
    }

    /// Reads the table `[key]` with `read`. A table that is not there is read as an empty one.
    pub fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let empty = DeTable::new();
        let (at, table) = match self.find(key) {
            Some((name, value)) => match value.get_ref() {
                DeValue::Table(table) => (name.start, table),
                other => {
                    self.not_a_table(key, value.span().start, other, &format!("[{key}]"));
                    (name.start, &empty)
                }
            },
            None => (self.at, &empty),
        };
        let path = self.path_of(key);
        let document = self.document;
        let mut section = Section {
            document,
            table,
            path,
            at,
            known: Vec::new(),
            free: false,
        };
        let value = read(&mut section);
        section.finish();
        value
    }

    /// Reads every `[[key]]` with `read`.
    pub fn sections<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'_>) -> T,
    ) -> Vec<T> {
        let Some((name, value)) = self.find(key) else {
            return Vec::new();
        };
        let DeValue::Array(list) = value.get_ref() else {
            let at = if value.span().is_empty() {
                name.start
            } else {
                value.span().start
            };
            self.not_a_table(key, at, value.get_ref(), &format!("[[{key}]]"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let path = format!("{}[{}]", self.path_of(key), index + 1);
            let DeValue::Table(table) = item.get_ref() else {
                self.not_a_table(
                    key,
                    item.span().start,
                    item.get_ref(),
                    &format!("[[{key}]]"),
                );
                continue;
            };
            let (document, at) = (self.document, item.span().start);
            let mut section = Section {
                document,
                table,
                path,
                at,
                known: Vec::new(),
                free: false,
            };
            found.push(read(&mut section));
            section.finish();
        }
        found
    }

    fn not_a_table(&self, key: &str, at: usize, value: &DeValue<'_>, header: &str) {
        let what = Raw::new(value).describe();
        let wrong = Wrong::new(
            format!("{what} stands where {header} is expected"),
            format!("write {header} on a line of its own and the keys below it"),
        );
        self.document.report(at, self.path_of(key), wrong);
    }

    /// Reports a mistake that shows only when several keys are seen together, at `key`.
    pub fn wrong(&self, key: &str, wrong: Wrong) {
        let place = self
            .table
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key);
        let at = place.map_or(self.at, |(_, value)| value.span().start);
        self.document.report(at, self.path_of(key), wrong);
    }

    /// What nobody asked for is an unknown key.
    fn finish(self) {
        for (name, _) in self.table {
            let key: &str = name.get_ref();
            if self.free || self.known.contains(&key) {
                continue;
            }
            let remedy = match nearest(key, &self.known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("remove it; known here: {}", self.known.join(", ")),
            };
            let wrong = Wrong::new(format!("`{key}` is not a known key"), remedy);
            self.document
                .report(name.span().start, self.path_of(key), wrong);
        }
    }
}
