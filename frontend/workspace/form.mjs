// One task's form: the JSON of a drawer in, the answer as plain JSON out.

import { Model, settings } from "survey-core";
import "survey-js-ui";

import { listen } from "./keys.mjs";
import * as labels from "./labels.mjs";
import { prepare, widgetOf } from "./widgets.mjs";

settings.readOnly.commentRenderMode = "div";
settings.animationEnabled = false;

/**
 * Draws a form into the element and resolves to its handle, { value(), validate(), isValid(), setValue(answer) }.
 * `data` is the island's; `onChange(answer, valid)` is called after every change by the person, not for setValue.
 */
export async function mountTask(element, { form, payload = {}, data = {}, drawer, readOnly = false, locale = "en", onChange = () => {} }) {
  await prepare(form, drawer);
  const survey = new Model({ ...form, ...FRAME });
  survey.locale = locale;
  survey.payload = payload;
  survey.readOnly = readOnly;
  survey.needRenderIcons = false; // they come with a style attribute, which the page's policy refuses
  const questions = survey.getAllQuestions();
  for (const question of questions) if (labels.areLabels(question)) labels.draw(question);

  const setValue = (answer) => {
    survey.quiet = true;
    for (const question of questions) write(question, answer);
    survey.quiet = false;
  };
  const value = () => Object.assign({}, ...questions.map(read));
  setValue(data);
  if (readOnly) for (const question of questions) question.visible = Boolean(widgetOf(question)) || !question.isEmpty();
  survey.onValueChanged.add(() => survey.quiet || onChange(value(), survey.validate(false)));
  survey.render(element);
  element.classList.add("task");
  element.classList.toggle("task--read", readOnly);
  listen({ element, key: (event) => !readOnly && press(questions, event) });
  return {
    value,
    setValue,
    isValid: () => survey.validate(false),
    validate: () => survey.validate(true, true),
  };
}

const FRAME = {
  showNavigationButtons: false,
  showTitle: false,
  showQuestionNumbers: false,
  questionErrorLocation: "bottom",
  textUpdateMode: "onTyping",
  focusFirstQuestionAutomatic: false,
  clearInvisibleValues: "none",
  requiredMark: "",
  widthMode: "responsive",
};

/** A widget's value is its parts of the answer; any other question is one part, by its name. */
function read(question) {
  const widget = widgetOf(question);
  if (widget) return widget.parts.length ? (question.value ?? {}) : {};
  return question.isEmpty() ? {} : { [question.name]: question.value };
}

function write(question, answer) {
  const widget = widgetOf(question);
  if (!widget) {
    question.value = answer[question.name];
    return;
  }
  const own = widget.parts.filter((part) => part in answer).map((part) => [part, answer[part]]);
  question.value = own.length ? Object.fromEntries(own) : undefined;
  question.mounted?.set?.(question.value ?? null);
}

/** Offers the key to the widgets first, then to the labels. */
function press(questions, event) {
  if (questions.some((question) => question.mounted?.key?.(event))) return true;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const key = event.key.toLowerCase();
  return questions.some((question) => labels.areLabels(question) && labels.press(question, key));
}
