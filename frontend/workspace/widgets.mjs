// Brings the drawers' widgets into SurveyJS: each becomes a question type whose value is the part of the answer that it makes.
//
// A widget (task_types/<slug>/widget.mjs, loaded only where a form names it) is plain DOM and exports
//   type      the question type in the form's JSON
//   parts     the keys of the answer that are its own; with none it only shows something
//   mount(element, { options, strings, payload, value, readOnly, onChange }) -> { set?(value), key?(event) -> handled, focus?(), destroy?() }
//             `options` and `strings` come from the form's JSON, `payload` from the task; `onChange(value)` with {part: ...} or null,
//             `onChange(value, { quiet: true })` when it was not the person who changed it
//   fault?(value, { options, strings }) -> a sentence that says what is missing, or null

import { CustomError, ElementFactory, Question, Serializer } from "survey-core";
import { ReactQuestionFactory, SurveyQuestionElementBase, createElement } from "survey-js-ui";

import * as content from "./content.mjs";

const registered = new Map();

/** Makes every question type that the form needs known, fetching the drawer's widget if it has to. */
export async function prepare(form, drawer) {
  if (!registered.size) register(content);
  const unknown = types(form).some((type) => !ElementFactory.Instance.getAllTypes().includes(type));
  if (unknown) register(await import(`../../task_types/${drawer}/widget.mjs`));
}

/** The widget that draws this question, if it is one of ours. */
export function widgetOf(question) {
  return registered.get(question.getType());
}

function types(part) {
  const own = (part.elements ?? []).flatMap((element) => [element.type, ...types(element)]);
  return [...own, ...(part.pages ?? []).flatMap(types)];
}

function register(widget) {
  registered.set(widget.type, widget);

  class WidgetQuestion extends Question {
    getType() {
      return widget.type;
    }

    onCheckForErrors(errors, isOnValueChanged, fireCallback) {
      super.onCheckForErrors(errors, isOnValueChanged, fireCallback);
      const fault = isOnValueChanged ? null : widget.fault?.(this.value ?? null, this);
      if (fault) errors.push(new CustomError(fault, this));
    }

    focus() {
      this.mounted?.focus?.();
    }
  }

  Serializer.addClass(widget.type, [{ name: "options:any" }, { name: "strings:any" }], () => new WidgetQuestion(""), "question");
  ElementFactory.Instance.registerElement(widget.type, (name) => new WidgetQuestion(name));
  ReactQuestionFactory.Instance.registerQuestion(widget.type, (properties) => createElement(WidgetHost, { ...properties, widget }));
}

/** The one element that preact keeps its hands off: what is inside belongs to the widget. */
class WidgetHost extends SurveyQuestionElementBase {
  get question() {
    return this.props.question;
  }

  componentDidMount() {
    super.componentDidMount();
    const { question } = this;
    const { options, strings, survey } = question;
    question.mounted = this.props.widget.mount(this.element, {
      options: options ?? {},
      strings: strings ?? {},
      payload: survey.payload,
      value: question.value ?? null,
      readOnly: survey.readOnly,
      onChange: (value, { quiet = false } = {}) => {
        survey.quiet = quiet;
        question.value = value;
        survey.quiet = false;
      },
    });
  }

  componentWillUnmount() {
    this.question.mounted?.destroy?.();
    this.question.mounted = null;
    super.componentWillUnmount();
  }

  shouldComponentUpdate() {
    return false;
  }

  renderElement() {
    return createElement("div", { className: `task-widget task-widget--${this.props.widget.type}`, ref: (element) => (this.element = element) });
  }
}
