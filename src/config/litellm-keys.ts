import { isObject } from '../is-object.ts';
import { nearestName } from '../nearest-name.ts';

/**
 * Keys of LiteLLM's config.yaml that have no effect here, from its "All settings" page and its
 * types. They are taken out before the check, and each is told.
 */
const ignoredAtTop = names(`
  callback_settings credential_list files_settings finetune_settings guardrails include mcp_servers
  mcp_tools policies policy_attachments prompts search_tools vector_store_registry`);

const ignoredBySection: Readonly<Record<string, readonly string[]>> = {
  router_settings: names(`
    alerting_config allowed_fails_policy assistants_config cache_kwargs cache_responses
    caching_groups client_ttl debug_level default_litellm_params default_priority
    deployment_affinity_ttl_seconds enable_health_check_routing enable_tag_filtering guardrail_list
    health_check_staleness_threshold model_group_retry_policy optional_pre_call_checks
    polling_interval provider_budget_config redis_db redis_host redis_password redis_port redis_url
    retry_policy router_general_settings routing_strategy_args search_tools set_verbose
    tag_filtering_match_any`),
  litellm_settings: names(`
    LITELLM_DISABLE_STOP_SEQUENCE_LIMIT add_function_to_prompt allow_dynamic_callback_disabling
    allowed_fails_policy api_base api_key audit_log_callbacks budget_duration cache cache_params
    callbacks custom_provider_map default_in_memory_ttl default_internal_user_params
    default_key_generate_params default_redis_ttl default_team_params default_team_settings
    disable_add_transform_inline_image_block disable_copilot_system_to_assistant
    disable_end_user_cost_tracking disable_end_user_cost_tracking_prometheus_only
    disable_hf_tokenizer_download disable_stop_sequence_limit drop_params enable_json_schema_validation
    enable_key_alias_format_validation enable_loadbalancing_on_batch_endpoints
    enable_preview_features extra_spend_tag_headers failure_callback force_ipv4
    forward_traceparent_to_llm_provider input_callback json_logs key_generation_settings
    langfuse_default_tags max_budget max_end_user_budget max_internal_user_budget
    max_user_budget mcp_aliases modify_params model_alias_map model_cost_map_url
    model_group_retry_policy prometheus_initialize_budget_metrics prometheus_metrics_config
    public_model_groups redact_messages_in_exceptions redact_user_api_key_info retry_policy
    s3_callback_params service_callbacks set_verbose ssl_certificate ssl_verify
    store_audit_logs success_callback suppress_debug_info tag_budget_config
    telemetry turn_off_message_logging upperbound_key_generate_params
    use_chat_completions_url_for_anthropic_messages`),
  general_settings: names(`
    admin_only_routes alert_to_webhook_url alert_types alerting alerting_args alerting_threshold
    allow_client_side_credentials allow_requests_on_db_unavailable allow_user_auth allowed_ips
    allowed_routes always_include_stream_usage background_health_checks completion_model custom_auth
    custom_key_generate custom_sso database_connection_pool_limit database_connection_timeout
    database_type database_url default_team_disabled disable_adding_master_key_hash_to_db
    disable_error_logs disable_master_key_return disable_prisma_schema_update disable_reset_budget
    disable_responses_id_security disable_retry_on_max_parallel_request_limit_error
    disable_spend_logs disable_spend_updates embedding_model enable_jwt_auth enable_oauth2_auth
    enable_oauth2_proxy_auth enforce_user_param enforced_params forward_client_headers_to_llm_api
    forward_openai_org_id health_check_concurrency health_check_details health_check_interval
    image_generation_model infer_model_from_keys key_management_settings key_management_system
    litellm_jwtauth litellm_key_header_name litellm_license master_key max_parallel_requests
    max_request_size_mb max_response_size_mb maximum_spend_logs_retention_interval
    maximum_spend_logs_retention_period moderation_model oauth2_config_mappings
    pass_through_endpoints proxy_batch_polling_interval proxy_batch_write_at
    proxy_budget_rescheduler_max_time proxy_budget_rescheduler_min_time public_routes
    reject_clientside_metadata_tags service_account_settings spend_report_frequency
    store_model_in_db store_prompts_in_spend_logs supported_db_objects token_rate_limit_type
    ui_access_mode use_azure_key_vault use_client_credentials_pass_through_routes use_google_kms
    use_redis_transaction_buffer use_x_forwarded_for user_api_key_cache_ttl user_header_mappings
    user_header_name user_mcp_management_mode`),
};

const ignoredInParams = names(`
  additional_drop_params allow_client_keepalive_override allowed_openai_params api_version
  auto_router_config auto_router_config_path auto_router_default_model auto_router_embedding_model
  budget_duration cache_control_injection_points configurable_clientside_auth_params
  custom_llm_provider default_api_key_rpm_limit default_api_key_tpm_limit drop_params
  extra_body extra_headers frequency_penalty functions guardrails headers input_cost_per_second
  itpm keepalive_seconds litellm_credential_name litellm_trace_id logit_bias logprobs max_budget
  max_completion_tokens max_file_size_mb max_tokens merge_reasoning_content_in_choices metadata
  mock_response model_info modify_params n organization otpm output_cost_per_second
  parallel_tool_calls presence_penalty reasoning_effort region_name response_format seed
  ssl_verify stop stream stream_options system_message tag_regex tags temperature thinking
  tiered_pricing tool_choice tools top_k top_logprobs top_p use_chat_completions_api
  use_in_pass_through use_litellm_proxy user vector_store_id`);
const ignoredFamilies = /^(aws|azure|gcs|milvus|s3|valkey|vertex|watsonx)_|_cost(_|$)/;
const paramsInUse = names('input_cost_per_token output_cost_per_token cache_read_input_token_cost');

/** LiteLLM lets anything stand in `model_info`; a slip in a key that counts here is still a slip. */
const infoInUse = [
  ...['id', 'max_input_tokens', 'max_tokens', 'local', ...paramsInUse],
  ...['supports_vision', 'supports_function_calling', 'supports_response_schema'],
];
const infoElsewhere = names(`
  access_groups access_via_team_ids base_model db_model litellm_provider max_output_tokens mode
  output_vector_size supports_assistant_prefill supports_audio_input supports_audio_output
  supports_computer_use supports_native_streaming supports_parallel_function_calling
  supports_pdf_input supports_prompt_caching supports_reasoning supports_system_messages
  supports_tool_choice supports_url_context supports_video_input supports_web_search team_id team_public_model_name tier`);

/** LiteLLM's names for a section, next to ours, for "did you mean". */
export function ignoredKeysOf(path: readonly PropertyKey[]): readonly string[] {
  const [section = '', , inner] = path;
  if (path.length === 0) return ignoredAtTop;
  if (section === 'model_list') return inner === 'litellm_params' ? ignoredInParams : [];
  const name = String(section);
  return (Object.hasOwn(ignoredBySection, name) ? ignoredBySection[name] : undefined) ?? [];
}

export interface TakenOut {
  readonly values: unknown;
  readonly ignored: readonly (readonly PropertyKey[])[];
}

/** The values without the keys that only LiteLLM acts on, and the paths of those. */
export function takeOutIgnored(values: unknown): TakenOut {
  const ignored: PropertyKey[][] = [];
  return { values: walk(values, []), ignored };

  function walk(value: unknown, path: readonly PropertyKey[]): unknown {
    if (Array.isArray(value) && path.length === 1 && path[0] === 'model_list') {
      return value.map((item, index) => walk(item, [...path, index]));
    }
    if (!isObject(value) || !isSection(path)) return value;
    const kept: [string, unknown][] = [];
    for (const [key, inner] of Object.entries(value)) {
      const at = [...path, key];
      if (isIgnored(path, key)) ignored.push(at);
      else kept.push([key, walk(inner, at)]);
    }
    return Object.fromEntries(kept);
  }
}

function isSection(path: readonly PropertyKey[]): boolean {
  if (path[0] === 'model_list') return path.length <= 3;
  return (
    path.length === 0 || (path.length === 1 && Object.hasOwn(ignoredBySection, String(path[0])))
  );
}

function isIgnored(path: readonly PropertyKey[], key: string): boolean {
  const inner = path[2];
  if (path[0] === 'model_list' && inner === 'model_info') {
    if (infoInUse.includes(key)) return false;
    const isSlip = nearestName(key, infoInUse) !== null && !ignoredFamilies.test(key);
    return infoElsewhere.includes(key) || !isSlip;
  }
  if (path[0] === 'model_list' && inner === 'litellm_params') {
    if (paramsInUse.includes(key)) return false;
    return ignoredInParams.includes(key) || ignoredFamilies.test(key);
  }
  return ignoredKeysOf(path).includes(key);
}

function names(text: string): string[] {
  return text.trim().split(/\s+/);
}
