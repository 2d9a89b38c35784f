using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders the nested class <c>Info</c>: facts about the model for programs. They are properties, not constants, because constants
/// would be copied into other assemblies and stay there when the model changes.
/// </summary>
internal static class InfoEmitter
{
    // Names of the facts that every model has, so that those of several inputs and outputs avoid them.
    private static readonly string[] CommonFacts =
    [
        "Accuracy", "FloatAccuracy", "FloatWeightBytes", "Labels", "Macs", "Metric", "ModelFile", "Precision", "Samples", "ScratchBytes",
        "SourceHash", "WeightBytes", "Equals", "Finalize", "GetHashCode", "GetType", "Info", "MemberwiseClone", "ReferenceEquals",
        "ToString",
    ];

    /// <summary>Renders the class into the class that is being written.</summary>
    public static void Emit(CodeWriter code, ModelPlan plan)
    {
        PlanFacts facts = plan.Facts;
        code.Line();
        code.Summary("Facts about the model.");
        code.Line(PredictorEmitter.GeneratedCode);
        code.Open("public static class Info");
        Fact(code, "string", "ModelFile", PlanText.Quote(facts.SourceFile), "The name of the model file.");
        Fact(code, "string", "SourceHash", PlanText.Quote(facts.SourceHash), "SHA-256 of the model file, in hexadecimal digits.");
        Fact(code, "string", "Precision", PlanText.Quote(facts.Precision), "How the model computes, for example int8 or float32.");
        EmitTensors(code, plan);
        Fact(code, "int", "WeightBytes", Wording.Integer(plan.Weights.Bytes), "Size of the weights in the assembly, in bytes.");
        Fact(code, "long", "FloatWeightBytes", Wording.Integer(facts.FloatWeightBytes), "Size of the weights in the model file, in bytes.");
        Fact(code, "int", "ScratchBytes", Wording.Integer(plan.ScratchBytes), "Size of the scratch memory of each instance, in bytes.");
        Fact(code, "long", "Macs", Wording.Integer(facts.Macs),
            "Multiply-accumulates of one prediction" + (plan.Further.Count > 0 ? " for the main shapes" : "") + ".");
        Fact(code, "string", "Metric", PlanText.Quote(facts.Metric),
            "The metric that was measured during the build; empty where there was no evaluation data.");
        Fact(code, "double", "Accuracy", Wording.Double(facts.CompressedMetric),
            "The compressed model's figure for <see cref=\"Metric\"/>; not a number where there was no evaluation data.");
        Fact(code, "double", "FloatAccuracy", Wording.Double(facts.FloatMetric),
            "The original float model's figure for <see cref=\"Metric\"/>; not a number where there was no evaluation data.");
        Fact(code, "int", "Samples", Wording.Integer(facts.Samples), "The number of evaluation samples.");
        if (plan.Classifier is { Labels.Count: > 0 } classifier)
            EmitLabels(code, classifier);
        code.Close();
    }

    private static void EmitTensors(CodeWriter code, ModelPlan plan)
    {
        IReadOnlyList<PlanEntry> entries = plan.Entries;
        // The facts of an entry without a name have a number instead, which Unique gives them.
        string[] names = [.. entries.SelectMany(e => TensorNames(e).Select(n => e.Name + n))];
        IReadOnlyList<string> lengths = Identifiers.Unique(names.Select(n => n + "Length"), CommonFacts);
        IReadOnlyList<string> shapes = Identifiers.Unique(names.Select(n => n + "Shape"), CommonFacts.Concat(lengths));
        int next = 0;
        foreach (PlanEntry entry in entries)
        {
            string with = entries.Count == 1 ? "" : " for " + Entries.Describe(entry);
            foreach ((string tensor, EquatableList<int> dimensions, int length) in
                entry.Inputs.Select(i => ("input <c>" + Wording.Xml(i.OnnxName) + "</c>", i.Dimensions, i.Length))
                    .Concat(entry.Outputs.Select(o => ("output <c>" + Wording.Xml(o.OnnxName) + "</c>", o.Dimensions, o.Length))))
            {
                Fact(code, "int", lengths[next], Wording.Integer(length), "The number of elements of the " + tensor + with + ".");
                Fact(code, "global::System.ReadOnlySpan<int>", shapes[next], Wording.Integers(dimensions),
                    "The dimensions of the " + tensor + with + ": " + Wording.Shape(dimensions) + ".");
                next++;
            }
        }
    }

    private static IEnumerable<string> TensorNames(PlanEntry entry) =>
        entry.Inputs.Select(i => entry.Inputs.Count == 1 ? "Input" : Identifiers.Pascal(i.ParameterName, "Input"))
            .Concat(entry.Outputs.Select(o => entry.Outputs.Count == 1 ? "Output" : o.PropertyName));

    private static void EmitLabels(CodeWriter code, PlanClassifier classifier)
    {
        code.Line();
        code.Line("private static readonly string[] _labels =");
        code.Line("[");
        code.Indented(classifier.Labels.Select(label => PlanText.Quote(label) + ","));
        code.Line("];");
        Fact(code, "global::System.ReadOnlySpan<string>", "Labels", "_labels", "The labels of the classes as they were given, in order.");
    }

    private static void Fact(CodeWriter code, string type, string name, string value, string documentation)
    {
        code.Line();
        code.Summary(documentation);
        code.Line("public static " + type + " " + Identifiers.Escape(name) + " => " + value + ";");
    }
}
