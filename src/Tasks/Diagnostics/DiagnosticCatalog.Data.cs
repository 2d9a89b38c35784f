namespace OptimizerBuild.Diagnostics;

internal static partial class DiagnosticCatalog
{
    /// <summary>Data and model do not fit. Arguments: data source, expected, found.</summary>
    public static readonly DiagnosticDescriptor DataMismatch = new("OPT0011", Severity.Error, "Data does not match the model",
        "the data of '{0}' does not fit the model: expected {1}, found {2}",
        "Calibration or evaluation data must hold, for each input of the model, an array of samples: the first dimension counts the "
            + "samples, the others are those of the input. Numbers must be finite, unless the model takes missing values (NaN): where only "
            + "trees, comparisons or imputers read them, perhaps moved or scaled before.",
        "Name the arrays as the model's inputs are named, or name files with `CalibrationData=\"name=path;name=path\"`; save the samples "
            + "in the model's shape; for images whose channels come last set `InputLayout=\"NHWC\"`; for bytes set `InputType=\"UInt8\"` "
            + "with `InputScale` and `InputOffset`.");

    /// <summary>A data file cannot be read. Arguments: file, what is wrong.</summary>
    public static readonly DiagnosticDescriptor DataFileMalformed = new("OPT0012", Severity.Error, "Data file cannot be read",
        "the data file '{0}' cannot be read: {1}",
        "The file is missing, truncated, damaged, too large, or in a form that the build does not read: what it reads stands in "
            + "[data.md](data.md).",
        "Save the data again, for example with `numpy.savez_compressed(path, x=samples, y=labels)`. Arrays of Python objects (dtype "
            + "`object`) are not read, because they hold pickled code.");

    /// <summary>Bytes of images are taken as they are. Arguments: array, input.</summary>
    public static readonly DiagnosticDescriptor BytesWithoutScale = new("OPT0040", Severity.Warning, "Bytes without InputScale",
        "the bytes of '{0}' are given to the float input '{1}' as 0 to 255; most networks were trained on other numbers: "
            + "set InputScale (for example \"1/255\") and InputOffset as in training, or InputScale=\"1\" if 0 to 255 is right",
        "The data hold images as bytes, the model takes real numbers, and the item does not say how one becomes the other. With the wrong "
            + "numbers calibration measures wrong ranges and evaluation a wrong accuracy, of the float model as well.",
        "Set `InputScale` and `InputOffset` to the normalisation of the training. `InputScale=\"1\"` says that the bytes are right as they "
            + "are.");

    /// <summary>The float model is no better than chance. Arguments: figure, samples, classes.</summary>
    public static readonly DiagnosticDescriptor AccuracyOfChance = new("OPT0041", Severity.Warning, "Float model at chance level",
        "the float model itself is right on only {0} of {1} samples, which is no better than guessing one of {2} classes: the evaluation "
            + "data are not what the model was trained for, or not prepared as in training",
        "Labels in another order, images in another layout or with another normalisation make every comparison of accuracies void.",
        "Check `InputScale`, `InputOffset`, `InputLayout`, the order of the samples and the numbers of the labels.");

    /// <summary>Data lie where the network was not trained. Arguments: batch normalisation, how its values differ.</summary>
    public static readonly DiagnosticDescriptor UnlikeTraining = new("OPT0047", Severity.Warning, "Data unlike the training data",
        "with these data the values before the batch normalisation '{0}' are {1}: the data are not prepared as in training; "
            + "check InputScale and InputOffset, and the values in the data file",
        "A batch normalisation holds the mean and the variance that its values had in training. The data give quite other ones, most often "
            + "because they are 0 to 255 where the network learned 0 to 1, or the other way round. Ranges measured on such data are wrong, "
            + "and so is the accuracy.",
        "Prepare the data as in training: set `InputScale` and `InputOffset`, or write normalised values into the data file.");

    /// <summary>Labels count from 1. Arguments: array, data source, greatest label.</summary>
    public static readonly DiagnosticDescriptor LabelsFromOne = new("OPT0042", Severity.Message, "Labels count from 1",
        "the labels '{0}' of '{1}' are 1 to {2}: they are taken as classes 0 to {3}",
        "The labels contain the number of classes and no 0, so that they count classes from 1.",
        "Nothing has to be done.");

    /// <summary>A labels file does not fit. Arguments: file, expected, found.</summary>
    public static readonly DiagnosticDescriptor LabelsMismatch = new("OPT0026", Severity.Error, "Labels do not match the model",
        "the labels file '{0}' does not fit the model: expected {1}, found {2}",
        "The item metadata `Labels` names a text file with one label a line, in the order of the model's classes.",
        "Write one label a line, as many as the model has classes, without empty lines and without repeating one.");

    /// <summary>Images for a model that takes none. Arguments: what asks for images, what the model takes.</summary>
    public static readonly DiagnosticDescriptor NoImageInput = new("OPT0080", Severity.Error, "Model takes no images",
        "{0} is for models of one image, but {1}",
        "Folders of images, and the metadata `Preprocess`, `Mean`, `Std`, `Resize`, `Crop`, `ResizeFilter` and `ColorOrder`, need a model "
            + "with one input of rank 4 whose batch is 1 and whose channels are 1 or 3, second or last, of float32 or (channels last) "
            + "bytes.",
        "Bind an open batch with `Shapes` (for example `Shapes=\"image=1,3,224,224\"`); for other models save the data as an array (.npz) "
            + "and leave the metadata out.");

    /// <summary>An image cannot be read. Arguments: file, what is wrong.</summary>
    public static readonly DiagnosticDescriptor ImageFileUnreadable = new("OPT0081", Severity.Error, "Image cannot be read",
        "the image '{0}' cannot be read: {1}",
        "A file of the calibration or evaluation data is missing, empty, damaged, too large, or no PNG or JPEG although it is called so.",
        "Remove the file, or save it again as PNG or JPEG.");

    /// <summary>Recordings for a model that takes none. Arguments: what asks for recordings, what the model takes.</summary>
    public static readonly DiagnosticDescriptor NoSoundInput = new("OPT0093", Severity.Error, "Model takes no sound",
        "{0} is for models of sound of one channel, but {1}",
        "Folders of .wav files need a model with one float32 input, of whose dimensions all but one are 1: the samples of a window. Models "
            + "of spectrograms or other features take what their own front end made of the sound.",
        "Bind an open dimension with `Shapes` (for example `Shapes=\"audio=1,16000\"`); for other models save the features as an array "
            + "(.npz).");

    /// <summary>A recording cannot be read. Arguments: file, what is wrong.</summary>
    public static readonly DiagnosticDescriptor SoundFileUnreadable = new("OPT0094", Severity.Error, "Recording cannot be read",
        "the recording '{0}' cannot be read: {1}",
        "A file of the calibration or evaluation data is missing, empty, damaged, of another sampling rate than the others, or no WAV file "
            + "although it is called so.",
        "Remove the file, save it again as WAV (16-bit PCM, for example), or say with `SampleRate` what the model takes.");

    /// <summary>Metadata about recordings without recordings. Arguments: the metadata, what the data are.</summary>
    public static readonly DiagnosticDescriptor NoRecordings = new("OPT0078", Severity.Warning, "No recordings among the data",
        "{0}: how recordings are read, but {1}",
        "`SampleRate` and `Hop` are about the files with sound (.wav) that `CalibrationData`, `EvaluationData` or `Head` name. Other data "
            + "are taken as they are: nothing resamples them or cuts windows out of them.",
        "Name a folder or a table of .wav files, or leave the metadata out.");

    /// <summary>A label is not among the classes. Arguments: data source, label.</summary>
    public static readonly DiagnosticDescriptor LabelOfFileUnknown = new("OPT0082", Severity.Error, "Label without a class",
        "the data of '{0}' have the label '{1}', which is the name of no class",
        "Folders of classes, and labels that are texts, are named as the classes are: in the file that the metadata `Labels` names, whose "
            + "lines are the classes in the order of the model's scores, or without it in the model itself.",
        "Name the folder or the label as the class is called, or use numbers of classes, from 0 on, instead of names.");

    /// <summary>A size of images does not fit the model. Arguments: metadata, value, why.</summary>
    public static readonly DiagnosticDescriptor ImageSizeMisfit = new("OPT0083", Severity.Error, "Size of images does not fit the model",
        "{0}=\"{1}\" does not fit the model: {2}",
        "Images are resized to `Resize` and the middle is cut out, as large as the model takes images; `Crop`, where it is a size, says "
            + "the same size once more.",
        "Write a larger `Resize`, or leave it out; write the model's size into `Crop`, or `Crop=\"Center\"`.");
}
