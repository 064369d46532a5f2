// What the scripts of pages must hold to: eslint's own list, and that names are the browser's.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, sourceType: "script", globals: globals.browser },
    rules: {
      eqeqeq: "error",
      "no-implicit-globals": "error",
      "no-var": "error",
      "no-shadow": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      // Pages are published: what a recording calls its units must never become markup.
      "no-restricted-properties": ["error",
        { property: "innerHTML", message: "text from a study is text: textContent" },
        { property: "outerHTML", message: "text from a study is text: textContent" },
        { object: "document", property: "write", message: "make elements" },
      ],
    },
  },
];
