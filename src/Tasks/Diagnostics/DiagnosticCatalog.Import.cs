namespace OptimizerBuild.Diagnostics;

/// <content>Diagnostics of the import of ONNX files.</content>
internal static partial class DiagnosticCatalog
{
    /// <summary>The model file cannot be read. Arguments: file name, what the system says.</summary>
    public static readonly DiagnosticDescriptor ModelFileUnreadable = new("OPT0001", Severity.Error, "Model file missing or unreadable",
        "the model file '{0}' cannot be read: {1}",
        "The file named by `Include` does not exist, or the build may not read it.",
        "Correct the path in `<CompressedModel Include=\"…\" />` (it is relative to the project file) or the file's permissions.");

    /// <summary>The file is no ONNX model. Arguments: file name, what was found.</summary>
    public static readonly DiagnosticDescriptor NotAnOnnxFile = new("OPT0002", Severity.Error, "Not an ONNX file",
        "'{0}' is not an ONNX model: {1}",
        "The file can be read but does not hold an ONNX model: it may be another format, a Git LFS pointer or a single tensor.",
        "Export the model as ONNX. A Git LFS pointer is replaced by the file itself with `git lfs pull`.");

    /// <summary>The protobuf is damaged. Arguments: file name, what is wrong.</summary>
    public static readonly DiagnosticDescriptor CorruptProtobuf = new("OPT0003", Severity.Error, "Truncated or damaged file",
        "'{0}' is truncated or damaged: {1}",
        "The file begins like a protobuf message but breaks off or contradicts itself, for example after an interrupted download.",
        "Fetch or export the file again.");

    /// <summary>An operator is not supported. Arguments: node, operator, domain, opset, nearest supported form.</summary>
    public static readonly DiagnosticDescriptor UnsupportedOperator = new("OPT0004", Severity.Error, "Unsupported operator",
        "node '{0}' uses operator {1} of domain '{2}' in opset {3}, which is not supported; nearest supported form: {4}",
        "The model uses an operator, or a form of one, for which the build has no code. `docs/operators.md` lists the supported ones.",
        "Export the model with other settings (for example a different opset, or without pre- and post-processing), or replace the "
            + "part that uses the operator.");

    /// <summary>A dimension is not known. Arguments: input, what is missing or contradictory.</summary>
    public static readonly DiagnosticDescriptor UnboundDimension = new("OPT0006", Severity.Error, "Unbound dimension",
        "the shape of input '{0}' is not settled: {1}",
        "Every dimension must be known at build time. A symbolic or missing leading dimension is taken as a batch of 1; any other "
            + "needs a value, and a value given must not contradict the model.",
        "Bind the input with the item metadata `Shapes`, for example `Shapes=\"image=1,3,224,224\"`.");

    /// <summary>A further set of shapes needs another graph than the main one. Arguments: the set, what differs.</summary>
    public static readonly DiagnosticDescriptor ShapesNeedAnotherModel = new("OPT0032", Severity.Error,
        "Shapes that cannot share one class",
        "the shapes '{0}' cannot share a class with the first ones: {1}; write them as a model of its own (another CompressedModel item "
            + "for a copy of the file, with a ClassName)",
        "The sets of the metadata `Shapes` share weights, ranges and precisions, which follow from the first set. With the named set the "
            + "model would have other nodes than with the first one, or other weights, to which those do not apply.",
        "Give these shapes an item of their own (with another `ClassName`), use `Precision=\"Float32\"` where the nodes differ, or export "
            + "the model so that its nodes do not depend on its shapes.");

    /// <summary>External data cannot be used. Arguments: tensor, file as the model names it, what is wrong.</summary>
    public static readonly DiagnosticDescriptor ExternalData = new("OPT0008", Severity.Error, "External data not usable",
        "tensor '{0}' keeps its data in '{1}', which cannot be used: {2}",
        "The model keeps weights in files of their own. Such a file is missing, too short, or lies outside the model's folder, which "
            + "is not allowed.",
        "Put the data files into the model's folder, or save the model with its weights inside (`onnx.save_model(model, path, "
            + "save_as_external_data=False)`).");

    /// <summary>An element type is not supported. Arguments: value, type, what is supported.</summary>
    public static readonly DiagnosticDescriptor UnsupportedElementType = new("OPT0009", Severity.Error, "Unsupported element type",
        "'{0}' is of type {1}, which is not supported; {2}",
        "A value of the model has a type for which the build has no code, for example a sequence, a map, text or a complex number.",
        "Export the model with float32 weights and tensors as inputs.");

    /// <summary>The number of a text's parts would have to be known. Arguments: the node, its input.</summary>
    public static readonly DiagnosticDescriptor UnknownText = new("OPT0034", Severity.Error, "Text known at run time only",
        "node '{0}' splits '{1}' into as many parts as there are, which only the text itself says; write 'maxsplit'",
        "Shapes are fixed at build time, but how many parts a text has depends on what the caller passes. With 'maxsplit' the parts have "
            + "so many places and one more, and a length says how many of them count.",
        "Give the node the attribute 'maxsplit', or split the text before it is passed to the model.");

    /// <summary>Something is too large. Arguments: what, its size, the limit.</summary>
    public static readonly DiagnosticDescriptor ModelTooLarge = new("OPT0025", Severity.Error, "Model too large",
        "{0} is too large: {1}, at most {2} is possible",
        "A tensor, a dimension or the file is larger than the build can process. In a damaged file a dimension may be absurdly large.",
        "Check the file and the bound shapes; split or shrink the model.");
}
