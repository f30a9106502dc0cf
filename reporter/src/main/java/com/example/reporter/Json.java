package com.example.reporter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads and writes JSON (RFC 8259): maps, lists, texts, true and false, whole numbers. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** The object in a text; anything else is an error. */
    static Map<String, Object> object(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.space();
        if (!(value instanceof Map) || json.at != text.length()) {
            throw new IllegalArgumentException("expected one JSON object");
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> object = (Map<String, Object>) value;
        return object;
    }

    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map) {
            String before = "{";
            for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                out.append(before);
                write(each.getKey().toString(), out);
                out.append(':');
                write(each.getValue(), out);
                before = ",";
            }
            out.append(before.equals("{") ? "{}" : "}");
        } else if (value instanceof List) {
            String before = "[";
            for (Object each : (List<?>) value) {
                out.append(before);
                write(each, out);
                before = ",";
            }
            out.append(before.equals("[") ? "[]" : "]");
        } else if (value instanceof String) {
            out.append('"');
            for (char each : ((String) value).toCharArray()) {
                boolean plain = each >= ' ' && each < 127 && each != '"' && each != '\\';
                out.append(plain ? String.valueOf(each) : String.format("\\u%04x", (int) each));
            }
            out.append('"');
        } else {
            out.append(value);
        }
    }

    private Object value() {
        space();
        char first = text.charAt(at);
        if (first == '{') {
            return members();
        }
        if (first == '[') {
            return items();
        }
        if (first == '"') {
            return string();
        }
        for (String word : new String[] {"true", "false", "null"}) {
            if (text.startsWith(word, at)) {
                at += word.length();
                return word.equals("null") ? null : Boolean.valueOf(word);
            }
        }
        int from = at;
        while (at < text.length() && "-0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return Long.valueOf(text.substring(from, at));
    }

    private Map<String, Object> members() {
        Map<String, Object> members = new LinkedHashMap<>();
        at++;
        space();
        while (text.charAt(at) != '}') {
            space();
            String name = string();
            expect(':');
            members.put(name, value());
            comma('}');
        }
        at++;
        return members;
    }

    private List<Object> items() {
        List<Object> items = new ArrayList<>();
        at++;
        space();
        while (text.charAt(at) != ']') {
            items.add(value());
            comma(']');
        }
        at++;
        return items;
    }

    private void comma(char end) {
        space();
        if (text.charAt(at) != end) {
            expect(',');
        }
        space();
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        expect('"');
        while (text.charAt(at) != '"') {
            char each = text.charAt(at++);
            if (each == '\\') {
                each = text.charAt(at++);
                int known = "nrtbf".indexOf(each);
                if (each == 'u') {
                    each = (char) Integer.parseInt(text.substring(at, at + 4), 16);
                    at += 4;
                } else if (known >= 0) {
                    each = "\n\r\t\b\f".charAt(known);
                }
            }
            out.append(each);
        }
        at++;
        return out.toString();
    }

    private void expect(char wanted) {
        space();
        if (text.charAt(at++) != wanted) {
            throw new IllegalArgumentException("not JSON");
        }
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }
}
