using System.Globalization;

namespace OptimizerBuild.Plan;

/// <summary>
/// The names of one generated class, from the names in the model. The tasks compute them, the plan carries them, and the reader
/// refuses a plan whose names the generated class could not have.
/// </summary>
/// <param name="InputParameters">Parameter names of the inputs, in order.</param>
/// <param name="OutputProperties">Property names of the outputs, in order.</param>
/// <param name="OutputParameters">Parameter names of the outputs, in order.</param>
internal sealed record PredictorNames(
    EquatableList<string> InputParameters,
    EquatableList<string> OutputProperties,
    EquatableList<string> OutputParameters)
{
    // Members of object, and what the generator puts into every class under a name of its own.
    private static readonly string[] Reserved =
    [
        "Equals", "Finalize", "GetHashCode", "GetType", "MemberwiseClone", "ReferenceEquals", "ToString",
        BatchLayers, "Classify", "ClassifyRows", "Compute", ComputeBatch, "Enter", "Info", "Label", "Layers", "Leave", "LoadWeights",
        "Parallelism", "PixelFormat", "Pool", "Predict", "PredictBatch", "PredictRows", "Prediction", "RequireLength", "RequireOutside",
        "RunOnce", "Shared", "TopK", "TryPredict", "WarmUp", "WrongLength", "_entered", "_imageResizer", "_others", "_sharedWeights",
        "_startUp", "_strings", "_texts", "_weightsGate", "_workspace",
    ];

    /// <summary>The nested class that holds the state of a model that has one.</summary>
    public const string StateClass = "State";

    /// <summary>The property that holds the state of an instance's own.</summary>
    public const string StateProperty = "DefaultState";

    /// <summary>The field that says with which entry the last prediction was made, where there are several.</summary>
    public const string EntryField = "_entry";

    /// <summary>The method that chooses among the entries without a name.</summary>
    public const string ChooseMethod = "ChooseEntry";

    /// <summary>The nested class with the steps of a batch.</summary>
    public const string BatchLayers = "BatchLayers";

    /// <summary>The method that runs a batch.</summary>
    public const string ComputeBatch = "ComputeBatch";

    /// <summary>The parameter of methods that take a state.</summary>
    public const string StateParameter = "state";

    /// <summary>The members of the state's class that do not come from the model.</summary>
    public static IReadOnlyList<string> StateMembers { get; } =
        ["Equals", "Finalize", "GetHashCode", "GetType", "MemberwiseClone", "ReferenceEquals", "ToString", "CopyFrom", "Reset", StateClass];

    /// <summary>The method that makes predictions with the entry of a name; the empty name is that of <c>Predict</c> itself.</summary>
    public static string Method(string entry) => "Predict" + entry;

    /// <summary>The method that does so if the inputs have the right lengths.</summary>
    public static string TryMethod(string entry) => "TryPredict" + entry;

    /// <summary>The name of a private member that each entry has one of: the main entry's is the name itself.</summary>
    /// <param name="member">The member.</param>
    /// <param name="entry">The entry's place, from 0.</param>
    public static string OfEntry(string member, int entry) =>
        entry == 0 ? member : member + (entry + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>The members that a class has because of its entries; none where it has one without a name.</summary>
    /// <param name="entries">The entries' names, the main one's first.</param>
    public static IReadOnlyList<string> EntryMembers(IReadOnlyList<string> entries) =>
    [
        .. entries.Where(e => e.Length > 0).SelectMany(e => new[] { Method(e), TryMethod(e) }),
        .. entries.Count > 1 ? (string[])[EntryField, ChooseMethod] : [],
        .. Enumerable.Range(1, Math.Max(entries.Count - 1, 0)).SelectMany(i => new[] { OfEntry("Compute", i), OfEntry("Layers", i) }),
    ];

    /// <summary>The names for a model's inputs and outputs: identifiers, unique, different from the class's own members.</summary>
    /// <param name="className">The generated class's name.</param>
    /// <param name="inputs">Names of the inputs in the model, in order.</param>
    /// <param name="outputs">Names of the outputs in the model, in order.</param>
    /// <param name="hasState">Whether the model has a state, whose names are then taken.</param>
    /// <param name="entries">The names of the entries, whose members' names are taken, too; null for one without a name.</param>
    public static PredictorNames Of(
        string className, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs, bool hasState = false,
        IReadOnlyList<string>? entries = null)
    {
        IReadOnlyList<string> parameters = Identifiers.Unique(
            inputs.Select(i => Identifiers.Camel(i, "input")).Concat(outputs.Select(o => Identifiers.Camel(o, "output"))),
            hasState ? [StateParameter] : []);
        IReadOnlyList<string> properties = Identifiers.Unique(
            outputs.Select(o => Identifiers.Pascal(o, "Output")),
            [.. Reserved, className, .. hasState ? (string[])[StateClass, StateProperty] : [], .. EntryMembers(entries ?? [])]);
        return new(new(parameters.Take(inputs.Count)), new(properties), new(parameters.Skip(inputs.Count)));
    }

    /// <summary>The properties of the state's class: identifiers, unique.</summary>
    /// <param name="inputs">Names of the state's inputs in the model, in order.</param>
    public static IReadOnlyList<string> StateProperties(IReadOnlyList<string> inputs) =>
        Identifiers.Unique(inputs.Select(i => Identifiers.Pascal(i, "Value")), StateMembers);

    /// <summary>The class's name for a model file: its stem in Pascal case, kept apart from the class's own members.</summary>
    /// <param name="stem">The file's name without its extension.</param>
    public static string ClassName(string stem)
    {
        string name = Identifiers.Pascal(stem, "Model");
        return IsReservedMember(name) ? name + "Model" : name;
    }

    /// <summary>The members of the enumeration of labels: identifiers, unique.</summary>
    /// <param name="labels">The labels as the user gave them.</param>
    public static EquatableList<string> LabelIdentifiers(IReadOnlyList<string> labels) =>
        new(Identifiers.Unique(labels.Select((label, i) => LabelIdentifier(label, i)), ["value__"]));

    /// <summary>
    /// Whether the generated class has a member of this name whatever the model is, so that neither the class nor a property may have it.
    /// </summary>
    public static bool IsReservedMember(string name) => Array.IndexOf(Reserved, name) >= 0;

    private static string LabelIdentifier(string label, int index)
    {
        string name = Identifiers.Pascal(label, "");
        return Identifiers.IsIdentifier(name) ? name
            : name.Length > 0 ? "Class" + name
            : "Class" + index.ToString(CultureInfo.InvariantCulture);
    }
}
