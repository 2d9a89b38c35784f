using OptimizerBuild.Diagnostics;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>Tells which names of a model could not stay as they are in C#, beyond case and word separators.</summary>
internal static class NameChanges
{
    /// <summary>Messages about a plan's inputs, outputs and labels, in order.</summary>
    public static IEnumerable<Diagnostic> Of(ModelPlan plan)
    {
        foreach (PlanInput input in plan.Inputs)
            if (IsChanged(input.OnnxName, input.ParameterName))
                yield return Change("input", input.OnnxName, input.ParameterName);
        foreach (PlanOutput output in plan.Outputs)
            if (IsChanged(output.OnnxName, output.PropertyName) || IsChanged(output.OnnxName, output.ParameterName))
                yield return Change("output", output.OnnxName, output.PropertyName);
        if (plan.Classifier is not { } classifier)
            yield break;
        for (int i = 0; i < classifier.Labels.Count; i++)
            if (IsChanged(classifier.Labels[i], classifier.LabelIdentifiers[i]))
                yield return Change("label", classifier.Labels[i], classifier.LabelIdentifiers[i]);
    }

    /// <summary>Whether a name and the identifier made of it differ in letters or digits.</summary>
    public static bool IsChanged(string name, string identifier) => !Letters(name).SequenceEqual(Letters(identifier));

    /// <summary>The message that a name has been changed.</summary>
    public static Diagnostic Change(string what, string name, string identifier) =>
        Diagnostic.Of(DiagnosticCatalog.NameChanged, null, what, name, identifier);

    private static IEnumerable<char> Letters(string name) => name.Where(char.IsLetterOrDigit).Select(char.ToUpperInvariant);
}
