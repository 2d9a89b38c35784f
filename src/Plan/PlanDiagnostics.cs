namespace OptimizerBuild.Plan;

/// <summary>The diagnostics about plans: the generator reports them, the catalogue of the tasks documents them.</summary>
internal static class PlanDiagnostics
{
    /// <summary>The plan's version is not the one this generator reads.</summary>
    public const string UnknownVersion = "OPT0021";

    /// <summary>Title of <see cref="UnknownVersion"/>.</summary>
    public const string UnknownVersionTitle = "Plan of another version";

    /// <summary>Text of <see cref="UnknownVersion"/>. Arguments: file, version found, version expected.</summary>
    public const string UnknownVersionFormat =
        "the plan '{0}' has version {1}, but this generator reads version {2}: rebuild the project (dotnet build --no-incremental)";

    /// <summary>The plan cannot be read.</summary>
    public const string UnreadablePlan = "OPT0023";

    /// <summary>Title of <see cref="UnreadablePlan"/>.</summary>
    public const string UnreadablePlanTitle = "Plan cannot be read";

    /// <summary>Text of <see cref="UnreadablePlan"/>. Arguments: file, what is wrong.</summary>
    public const string UnreadablePlanFormat = "the plan '{0}' cannot be read: {1}";
}
