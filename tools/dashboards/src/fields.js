// The options of fields that panels set. Grafana registers those of each kind of
// panel with an editor; here there is nothing to edit.
import { applyFieldOverrides, FieldConfigOptionsRegistry, standardFieldConfigEditorRegistry } from '@grafana/data';

const standard = ['unit', 'min', 'max', 'decimals', 'displayName', 'color', 'noValue', 'thresholds', 'mappings', 'links', 'description', 'filterable'];

function option(id) {
  const custom = id.startsWith('custom.');
  return {
    id, isCustom: custom, path: custom ? id.slice('custom.'.length) : id, name: id,
    process: (value) => value, shouldApply: () => true, settings: {}, editor: () => null, override: () => null,
    getItemsCount: () => 0,
  };
}

const registry = new FieldConfigOptionsRegistry();
standard.forEach((id) => registry.register(option(id)));
standardFieldConfigEditorRegistry.setInit(() => standard.map(option));

function register(id) {
  if (!registry.getIfExists(id)) {
    registry.register(option(id));
  }
}

// configure returns frames with the options of the panel and its overrides.
export function configure(frames, panel, theme, replaceVariables) {
  Object.keys(panel.fieldConfig.defaults.custom ?? {}).forEach((key) => register(`custom.${key}`));
  panel.fieldConfig.overrides.forEach((o) => o.properties.forEach((p) => register(p.id)));
  return applyFieldOverrides({
    data: frames, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, replaceVariables, theme, timeZone: 'utc',
  });
}
