/** What `speech` responds: audio as a data URL or in storage, and the model. */

/** Audio in the response. */
export interface InlineAudio {
  /** Such as `audio/mpeg`. */
  media_type: string;
  /** The audio as a data URL. */
  data_url: string;
}

/** Audio in the app's storage. */
export interface SavedAudio {
  /** Such as `audio/mpeg`. */
  media_type: string;
  /** In a public bucket a browser can load this URL; in a private one it needs the user's token. */
  url: string;
  /** A URL that needs no token until `signed_url_seconds` have passed; with that field of `save`. */
  signed_url?: string;
  /** The bucket that holds the audio. */
  bucket: string;
  /** The key in the bucket. */
  key: string;
}

/** Audio that storage did not accept. It is paid for, so it is in the response. */
export interface UnsavedAudio extends InlineAudio {
  /** Why it was not saved. */
  save_error: { error: string; message: string };
}

/** The response. */
export interface SpeechAnswer {
  /** The spoken text: as a data URL, or saved in storage. */
  audio: InlineAudio | SavedAudio | UnsavedAudio;
  /** The model that was requested. */
  model: string;
}
