namespace OptimizerBuild.Diagnostics;

internal static partial class DiagnosticCatalog
{
    /// <summary>Data and model do not fit. Arguments: data source, expected, found.</summary>
    public static readonly DiagnosticDescriptor DataMismatch = new("OPT0011", Severity.Error, "Data does not match the model",
        "the data of '{0}' does not fit the model: expected {1}, found {2}",
        "Calibration or evaluation data must hold, for each input of the model, an array of samples: the first dimension counts the "
            + "samples, the others are those of the input.",
        "Name the arrays as the model's inputs are named, or name files with `CalibrationData=\"name=path;name=path\"`; save the samples "
            + "in the model's shape; for images whose channels come last set `InputLayout=\"NHWC\"`; for bytes set `InputType=\"UInt8\"` "
            + "with `InputScale` and `InputOffset`.");

    /// <summary>A data file cannot be read. Arguments: file, what is wrong.</summary>
    public static readonly DiagnosticDescriptor DataFileMalformed = new("OPT0012", Severity.Error, "Data file cannot be read",
        "the data file '{0}' cannot be read: {1}",
        "The file is missing, truncated, damaged, too large, or in a form that the build does not read: it reads .npz, .npy (numbers and "
            + "booleans), IDX (also .gz), .csv, TensorProto .pb and folders of .pb files.",
        "Save the data again, for example with `numpy.savez_compressed(path, x=samples, y=labels)`. Arrays of Python objects (dtype "
            + "`object`) are not read, because they hold pickled code.");

    /// <summary>A labels file does not fit. Arguments: file, expected, found.</summary>
    public static readonly DiagnosticDescriptor LabelsMismatch = new("OPT0026", Severity.Error, "Labels do not match the model",
        "the labels file '{0}' does not fit the model: expected {1}, found {2}",
        "The item metadata `Labels` names a text file with one label a line, in the order of the model's classes.",
        "Write one label a line, as many as the model has classes, without empty lines and without repeating one.");
}
