// The labels of a choice: SurveyJS's radio buttons and check boxes, drawn as rows with their description and their key.

import { Serializer } from "survey-core";
import { ReactElementFactory, SurveyQuestionRadioItem, createElement } from "survey-js-ui";

// `shown` and not SurveyJS's own `text`: that one treats {braces} as places to fill in.
for (const name of ["shown", "description", "key"]) Serializer.addProperty("itemvalue", { name, default: "" });

const RENDERER = "task-label";

class TaskLabel extends SurveyQuestionRadioItem {
  doOnItemChange(event) {
    this.question.clickItemHandler(this.item, event.target.checked);
  }

  renderElementContent() {
    const { question, item } = this;
    const single = question.getType() === "radiogroup";
    const id = question.getItemId(item);
    return createElement(
      "label",
      { className: "mk-choice task-label", ref: this.rootRef },
      createElement("input", {
        type: single ? "radio" : "checkbox",
        id,
        name: single ? question.questionName : id,
        value: item.value,
        checked: this.props.isChecked,
        disabled: question.isInputReadOnly || !question.getItemEnabled(item),
        onChange: this.handleOnChange,
        "data-key": item.key || undefined,
        "data-key-label": item.shown || item.text,
        "data-key-group": question.title,
        "aria-labelledby": `${id}-name`,
        "aria-describedby": item.description ? `${id}-note` : undefined,
      }),
      createElement("span", { className: "mk-choice__name", id: `${id}-name`, dir: "auto" }, item.shown || item.text),
      item.key && createElement("kbd", { className: "mk-key task-key", "aria-hidden": "true" }, item.key.toUpperCase()),
      item.description && createElement("span", { className: "mk-choice__note", id: `${id}-note`, dir: "auto" }, item.description),
    );
  }
}

ReactElementFactory.Instance.registerElement(RENDERER, (properties) => createElement(TaskLabel, properties));

/** Whether this question's choices are drawn here. */
export function areLabels(question) {
  return ["radiogroup", "checkbox"].includes(question.getType());
}

/** Draws the question's choices as labels. */
export function draw(question) {
  question.itemComponent = RENDERER;
}

/** Chooses, or with check boxes also unchooses, the label with this key. True when there is one. */
export function press(question, key) {
  const item = question.visibleChoices.find((choice) => choice.key && choice.key === key);
  if (!item || !question.getItemEnabled(item)) return false;
  const chosen = question.getType() === "checkbox" && question.isItemSelected(item);
  question.clickItemHandler(item, !chosen);
  return true;
}
