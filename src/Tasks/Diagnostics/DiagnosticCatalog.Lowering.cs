namespace OptimizerBuild.Diagnostics;

/// <content>Diagnostics of lowering: kernel selection and memory planning.</content>
internal static partial class DiagnosticCatalog
{
    /// <summary>No kernel computes a node. Arguments: node, operator, what it would need.</summary>
    public static readonly DiagnosticDescriptor NoKernel = new("OPT0029", Severity.Error, "No kernel for a node",
        "no kernel computes node '{0}' ({1}): {2}",
        "The operator is known, but there is no code for this form of it: an element type, a rank or an attribute is outside what the "
            + "kernels cover.",
        "Export the model with another form of the operator (the text says what is missing), or open an issue with the model's node "
            + "attached.");

    /// <summary>Arena or weights are too large. Arguments: what, bytes needed, bytes possible.</summary>
    public static readonly DiagnosticDescriptor MemoryOverflow = new("OPT0030", Severity.Error, "Model too large for memory planning",
        "{0} would take {1} bytes, but at most {2} can be addressed",
        "Activations and packed weights are addressed by 32-bit offsets, so neither may grow beyond 2 GB.",
        "Bind smaller input dimensions with `Shapes`, or use a smaller model.");
}
