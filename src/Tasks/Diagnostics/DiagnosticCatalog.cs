using System.Reflection;

namespace OptimizerBuild.Diagnostics;

/// <summary>
/// Every diagnostic of the build, in the order of its code. <c>docs/diagnostics.md</c> is generated from this table, and a test
/// demands that each is produced by a test. Codes are stable: a retired one is never used again.
/// </summary>
internal static partial class DiagnosticCatalog
{
    /// <summary>All of them, in the order of their codes.</summary>
    public static IReadOnlyList<DiagnosticDescriptor> All =>
    [
        .. typeof(DiagnosticCatalog).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => f.GetValue(null)).OfType<DiagnosticDescriptor>().OrderBy(d => d.Code, StringComparer.Ordinal),
    ];

    /// <summary>A node breaks its operator's rules. Arguments: node, operator, what is wrong.</summary>
    public static readonly DiagnosticDescriptor InvalidNode = new("OPT0005", Severity.Error, "Invalid node",
        "node '{0}' ({1}) is not valid: {2}",
        "A node of the model breaks the rules of its operator: it has more or fewer inputs or outputs than the operator, a type or shape "
            + "does not fit, an attribute is missing, unknown in the model's opset or has an impossible value. All that is wrong with the "
            + "form of the node is named, with what is right.",
        "Run the ONNX checker on the model (`onnx.checker.check_model(model, full_check=True)`) and export it again.");

    /// <summary>A shape depends on run-time data. Arguments: node, operator, input value.</summary>
    public static readonly DiagnosticDescriptor DataDependentShape = new("OPT0007", Severity.Error, "Shape depends on run-time data",
        "node '{0}' ({1}) takes a shape or an index list from '{2}', which is known only at run time",
        "Every shape must be known at build time, because memory is planned and code is specialised then. Here a shape, axis or index "
            + "list is computed from the model's inputs.",
        "Fix the input with the item metadata `Constants` (for example `Constants=\"shape=1,64\"`), or export the model with static "
            + "shapes.");

    /// <summary>A node works across an extent that depends on run-time data. Arguments: node, operator, value.</summary>
    public static readonly DiagnosticDescriptor DataDependentExtent = new("OPT0048", Severity.Error, "Extent depends on run-time data",
        "node '{0}' ({1}) works across the extent of '{2}', of which only run-time data tell how many places count: end the model at "
            + "'{2}', which then is an output with its length, and do the rest in C#",
        "NonZero, Compress, Unique and NonMaxSuppression give as many results as the data say. Their memory is planned for the most there "
            + "can be, and a second output says how many count. Operators that treat each place by itself go on with such values; one that "
            + "sums, sorts, convolves or asks for the shape would take those places into account that do not count.",
        "Make the value an output of the model, and do what follows in C# on the places that count. A mask in place of a selection (Where "
            + "in place of NonZero or Compress) keeps the extent fixed.");

    /// <summary>A sequence or an optional value depends on run-time data. Arguments: node, operator, what it depends on.</summary>
    public static readonly DiagnosticDescriptor DataDependentStructure = new("OPT0033", Severity.Error,
        "Sequence depends on run-time data",
        "node '{0}' ({1}) makes a sequence or an optional value depend on {2}, which is known only at run time",
        "Predictors hold tensors only. Sequences and optional values are resolved when the model is built: every length, every position "
            + "and whether a value is there must be known then. A loop may carry a sequence where its number of trips is constant.",
        "Fix the input that decides with the item metadata `Constants` (for example `Constants=\"position=0\"`), or export the model with "
            + "one tensor in place of the sequence.");
}
