namespace Coordinator.Runs;

/// <summary>The fields of a run's record, beside those that the store knows of itself.</summary>
internal static class RunFields
{
    /// <summary>As it was named; the store has a key of its own making.</summary>
    public const string LaneKey = "lane_key";
    public const string Title = "title";
    public const string Role = "role";

    /// <summary>JSON.</summary>
    public const string Payload = "payload";
    public const string PlanId = "plan_id";
    public const string ProjectId = "project_id";
    public const string BillingAccountId = "billing_account_id";
    public const string MilestoneId = "milestone_id";

    /// <summary>A JSON array of texts.</summary>
    public const string TicketIds = "ticket_ids";
    public const string Phase = "phase";
    public const string LogLine = "log_line";
}
