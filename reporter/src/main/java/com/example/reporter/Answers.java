package com.example.reporter;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Yes or no for each app of a question, and nothing else. */
final class Answers {
    private Answers() {}

    /**
     * The answers to a question of the gate.
     *
     * @param askable the packages that the manifest of this build queries. Android says of every other package that it is not there, so an app
     *     with such a package is left out: nobody can tell.
     * @param profile where this copy looks: personal, work, device or other
     * @param vouchesFor the keys of this app's copies in other profiles of this phone
     */
    static Map<String, Object> to(
            Map<String, Object> question,
            Set<String> askable,
            Predicate<String> isInstalled,
            String profile,
            List<String> vouchesFor) {
        Map<String, Object> installed = new LinkedHashMap<>();
        for (Map.Entry<?, ?> each : ((Map<?, ?>) question.get("apps")).entrySet()) {
            Collection<?> packages = (Collection<?>) each.getValue();
            if (askable.containsAll(packages)) {
                installed.put(
                        each.getKey().toString(),
                        packages.stream().map(Object::toString).anyMatch(isInstalled));
            }
        }
        Map<String, Object> answers = new LinkedHashMap<>();
        answers.put("question", question.get("question"));
        answers.put("profile", profile);
        answers.put("installed", installed);
        if (!vouchesFor.isEmpty()) {
            answers.put("vouches_for", vouchesFor);
        }
        return answers;
    }
}
